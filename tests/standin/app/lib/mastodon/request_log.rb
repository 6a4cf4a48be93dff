# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
require 'action_controller/log_subscriber'
require 'action_view/log_subscriber'

module Mastodon
  # One line a request, in the form that lograge gives Mastodon's logs; nothing for /health.
  class RequestLog
    def initialize(app)
      @app = app
    end

    def call(env)
      Rails.logger.tagged(env['action_dispatch.request_id']) { @app.call(env) }
    end

    def self.subscribe
      ActionController::LogSubscriber.detach_from :action_controller
      ActionView::LogSubscriber.detach_from :action_view
      ActiveSupport::Notifications.subscribe('process_action.action_controller') do |event|
        Rails.logger.info(line(event)) unless event.payload[:controller] == 'HealthController'
      end
    end

    def self.line(event)
      payload = event.payload
      status = payload[:status] || ActionDispatch::ExceptionWrapper.status_code_for_exception(payload[:exception].first)
      "method=#{payload[:method]} path=#{payload[:path].split('?').first} format=#{payload[:format]} " \
        "controller=#{payload[:controller]} action=#{payload[:action]} status=#{status} " \
        "duration=#{event.duration.round(2)}"
    end
  end
end
