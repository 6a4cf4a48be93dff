# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
require_relative 'boot'

require 'rails'
require 'active_record/railtie'
require 'action_controller/railtie'
require 'action_view/railtie'
require 'action_mailer/railtie'
require 'active_job/railtie'

Bundler.require(*Rails.groups)

require_relative '../lib/mastodon/version'
require_relative '../lib/mastodon/redis_configuration'
require_relative '../lib/mastodon/post_deployment'
require_relative '../lib/mastodon/public_file_server'
require_relative '../lib/mastodon/request_log'
require_relative '../lib/mastodon/trusted_peers'

if ENV.key?('REDIS_NAMESPACE')
  abort 'ERROR: the REDIS_NAMESPACE environment variable is no longer supported; unset it and migrate the keys.'
end

REDIS_CONFIGURATION = Mastodon::RedisConfiguration.new

module Standin
  class Application < Rails::Application
    config.load_defaults 7.2
    config.active_job.queue_adapter = :sidekiq
    config.active_job.log_arguments = false # a letter's arguments hold tokens
    config.action_mailer.deliver_later_queue_name = 'mailers'

    Mastodon::PostDeployment.add_migrations(config)
  end
end
