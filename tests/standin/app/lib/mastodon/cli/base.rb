# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
module Mastodon
  module CLI
    class Base < Thor
      def self.exit_on_failure? = true

      no_commands do
        def fail_with_message(message)
          raise Thor::Error, message
        end

        def report_errors(errors)
          fail_with_message(errors.map { |error| "Failure/Error: #{error.attribute}\n    #{error.type}\n" }.join)
        end
      end
    end
  end
end
