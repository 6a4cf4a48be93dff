# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
module Mastodon
  # Which Redis is for what. A prefixed group (SIDEKIQ_, CACHE_) is complete in itself: without host and URL it is the
  # base group as a whole, with a host it takes nothing from the base group.
  class RedisConfiguration
    DEFAULTS = { host: 'localhost', port: 6379, db: 0 }.freeze

    def base = @base ||= group('REDIS_', DEFAULTS)

    def sidekiq = @sidekiq ||= group('SIDEKIQ_REDIS_') || base

    def cache
      @cache ||= (group('CACHE_REDIS_') || base).merge(
        namespace: 'cache',
        expires_in: 10.minutes,
        connect_timeout: 5,
        pool: { size: Integer(ENV['MAX_THREADS'] || 5), timeout: 5 }
      )
    end

    private

    def group(prefix, defaults = {})
      url = ENV.fetch("#{prefix}URL", nil)
      return { url: } if url

      host = ENV.fetch("#{prefix}HOST", defaults[:host])
      sentinels = sentinels(prefix)
      host = ENV["#{prefix}SENTINEL_MASTER"] if sentinels
      return if host.blank?

      uri = URI("redis://#{host}:#{ENV.fetch("#{prefix}PORT", defaults[:port])}/#{ENV.fetch("#{prefix}DB", defaults[:db])}")
      uri.user = ENV["#{prefix}USER"].presence
      uri.password = ENV["#{prefix}PASSWORD"].presence
      { url: uri.to_s, sentinels: }.compact
    end

    def sentinels(prefix)
      return if ENV["#{prefix}SENTINEL_MASTER"].blank? || ENV["#{prefix}SENTINELS"].blank?

      default_port = ENV.fetch("#{prefix}SENTINEL_PORT", 26_379)
      ENV["#{prefix}SENTINELS"].split(',').map do |sentinel|
        host, port = sentinel.split(':')
        { host:, port: (port || default_port).to_i }
      end
    end
  end
end
