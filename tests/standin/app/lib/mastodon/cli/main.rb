# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
require_relative '../../../config/application'
require_relative '../../../config/environment'
require 'thor'
require_relative 'base'
require_relative 'accounts'
require_relative 'settings'

module Mastodon
  module CLI
    class Cache < Base
      desc 'clear', 'Clear out the cache storage'
      def clear
        Rails.cache.clear
        say('OK', :green)
      end
    end

    class Main < Base
      desc 'accounts SUBCOMMAND ...ARGS', 'Manage accounts'
      subcommand 'accounts', Accounts

      desc 'cache SUBCOMMAND ...ARGS', 'Manage cache'
      subcommand 'cache', Cache

      desc 'settings SUBCOMMAND ...ARGS', 'Manage dynamic settings'
      subcommand 'settings', Settings

      map %w(--version) => :version

      desc 'version', 'Show version'
      def version
        say(Mastodon::Version.to_s)
      end
    end
  end
end
