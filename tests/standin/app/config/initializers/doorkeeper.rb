# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
Doorkeeper.configure do
  orm :active_record
  base_controller 'ApplicationController'
  resource_owner_authenticator { current_user || redirect_to(auth_sign_in_path) }
  grant_flows %w(authorization_code client_credentials)
  access_token_expires_in nil
  default_scopes :read
  optional_scopes :write, :follow, :push, :profile
  # A streaming server on this host compares tokens as they are.
  force_ssl_in_redirect_uri false
end

Rails.application.config.to_prepare { Doorkeeper::ApplicationController.layout 'application' }
