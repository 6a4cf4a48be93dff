# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
module Api
  class BaseController < ActionController::API
    include Doorkeeper::Helpers::Controller
    include Doorkeeper::Rails::Helpers

    rescue_from(ActiveRecord::RecordNotFound) { render json: { error: 'Record not found' }, status: :not_found }
    rescue_from ActiveRecord::RecordInvalid do |e|
      render json: { error: e.message }, status: :unprocessable_entity
    end

    before_action { response.set_header('Access-Control-Allow-Origin', '*') }

    private

    def require_user!
      return if current_user&.functional?

      render json: { error: 'This method requires an authenticated user' }, status: :unauthorized
    end

    def current_user
      @current_user ||= User.find_by(id: doorkeeper_token.resource_owner_id) if doorkeeper_token
    end

    def doorkeeper_unauthorized_render_options(error:) = { json: { error: error.description } }

    def doorkeeper_forbidden_render_options(*) = { json: { error: 'This action is outside the authorized scopes' } }
  end
end
