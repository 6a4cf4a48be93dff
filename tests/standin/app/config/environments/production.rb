# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
Rails.application.configure do
  config.enable_reloading = false
  config.eager_load = true
  config.consider_all_requests_local = false
  config.public_file_server.enabled = ENV['RAILS_SERVE_STATIC_FILES'].present?
  config.action_controller.asset_host = ENV['CDN_HOST'] if ENV.key?('CDN_HOST')

  config.force_ssl = true
  config.ssl_options = { redirect: { exclude: ->(request) { request.path == '/health' } } }

  trusted = ENV.fetch('TRUSTED_PROXY_IP', '').split(/(?:\s*,\s*|\s+)/).compact_blank
  config.action_dispatch.trusted_proxies = trusted.map { |address| IPAddr.new(address) } if trusted.any?

  config.cache_store = :redis_cache_store, REDIS_CONFIGURATION.cache

  # Container logs are all there is: one line for a request, on standard output, to be found by its X-Request-Id.
  config.logger = ActiveSupport::TaggedLogging.new(ActiveSupport::Logger.new($stdout, formatter: Logger::Formatter.new))
  config.log_level = ENV.fetch('RAILS_LOG_LEVEL', 'info').to_sym
  config.middleware.swap Rails::Rack::Logger, Mastodon::RequestLog
  config.after_initialize { Mastodon::RequestLog.subscribe }

  config.i18n.fallbacks = [:en]
  config.active_record.dump_schema_after_migration = false
end
