# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
class HomeController < ApplicationController
  def index
    @statuses = Status.published.newest_first.limit(20)
    @token = token if current_user
  end

  private

  # What the page's script presents to the API and to the streaming server, as Mastodon's web client does.
  def token
    application = Doorkeeper::Application.find_or_create_by!(name: 'Web') do |web|
      web.redirect_uri = 'urn:ietf:wg:oauth:2.0:oob'
      web.scopes = 'read write'
    end
    Doorkeeper::AccessToken.find_or_create_for(
      application:, resource_owner: current_user, scopes: 'read write', expires_in: nil, use_refresh_token: false
    ).token
  end
end
