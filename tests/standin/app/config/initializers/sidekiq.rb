# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
require_relative '../../lib/mastodon/schedule'

Sidekiq.configure_server do |config|
  config.redis = REDIS_CONFIGURATION.sidekiq

  # Debian's Sidekiq 7 is content with an older Redis; Mastodon's Sidekiq 8 is not.
  version = config.redis_info['redis_version']
  if Gem::Version.new(version) < Gem::Version.new('7.0.0')
    raise "You are connecting to Redis #{version}, Sidekiq requires Redis 7.0.0 or greater"
  end

  ready_filename = ENV.fetch('MASTODON_SIDEKIQ_READY_FILENAME', nil)
  if ready_filename
    raise 'MASTODON_SIDEKIQ_READY_FILENAME is not a valid filename' if File.basename(ready_filename) != ready_filename

    ready_path = Rails.root.join('tmp', ready_filename)
    config.on(:startup) { FileUtils.touch(ready_path) }
    config.on(:shutdown) { FileUtils.rm_f(ready_path) }
  end

  config.on(:startup) { Mastodon::Schedule.new(config).start }
end

Sidekiq.configure_client { |config| config.redis = REDIS_CONFIGURATION.sidekiq }

Sidekiq.logger.level = Logger.const_get(ENV.fetch('RAILS_LOG_LEVEL', 'info').upcase)
