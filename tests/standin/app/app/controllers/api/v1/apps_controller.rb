# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
module Api
  module V1
    class AppsController < BaseController
      def create
        app = Doorkeeper::Application.create!(
          name: params.require(:client_name), redirect_uri: params.require(:redirect_uris),
          scopes: params.fetch(:scopes, 'read')
        )
        render json: {
          id: app.id.to_s, name: app.name, redirect_uri: app.redirect_uri,
          client_id: app.uid, client_secret: app.plaintext_secret,
        }
      end
    end
  end
end
