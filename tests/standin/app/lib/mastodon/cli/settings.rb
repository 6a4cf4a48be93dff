# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
module Mastodon
  module CLI
    class Registrations < Base
      desc 'open', 'Open registrations'
      def open = store('open')

      desc 'close', 'Close registrations'
      def close = store('none')

      desc 'approved', 'Open registrations that a moderator must approve'
      option :require_reason, type: :boolean, aliases: [:require_invite_text]
      def approved
        Setting.require_invite_text = options[:require_reason] unless options[:require_reason].nil?
        store('approved')
      end

      private

      def store(mode)
        Setting.registrations_mode = mode
        say('OK', :green)
      end
    end

    class Settings < Base
      desc 'registrations SUBCOMMAND ...ARGS', 'Manage state of registrations'
      subcommand 'registrations', Registrations
    end
  end
end
