# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
class WellKnownController < ActionController::API
  before_action { response.set_header('Access-Control-Allow-Origin', '*') }

  def webfinger
    username, domain = params.require(:resource).delete_prefix('acct:').delete_prefix('@').split('@')
    known = [Rails.configuration.x.local_domain, Rails.configuration.x.web_domain].include?(domain)
    account = Account.find_local(username.to_s) if known
    return head :not_found if account.nil?

    render json: {
      subject: "acct:#{account.username}@#{Rails.configuration.x.local_domain}",
      aliases: [account.url, account.uri],
      links: [{ rel: 'self', type: 'application/activity+json', href: account.uri }],
    }, content_type: 'application/jrd+json'
  rescue ActionController::ParameterMissing
    head :bad_request
  end

  def host_meta
    render content_type: 'application/xrd+xml', plain: <<~XML
      <?xml version="1.0" encoding="UTF-8"?>
      <XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">
        <Link rel="lrdd" template="#{root}/.well-known/webfinger?resource={uri}"/>
      </XRD>
    XML
  end

  def nodeinfo_index
    render json: { links: [{ rel: 'http://nodeinfo.diaspora.software/ns/schema/2.0', href: "#{root}/nodeinfo/2.0" }] }
  end

  def nodeinfo
    users = User.where.not(confirmed_at: nil).count
    render json: {
      version: '2.0', software: { name: 'mastodon-stand-in', version: Mastodon::Version.to_s },
      protocols: ['activitypub'], services: { outbound: [], inbound: [] },
      usage: { users: { total: users }, localPosts: Status.count },
      openRegistrations: Setting.registrations_mode != 'none', metadata: {}
    }
  end

  private

  def root = "https://#{Rails.configuration.x.web_domain}"
end
