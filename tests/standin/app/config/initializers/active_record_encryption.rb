# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
KEYS = %w(
  ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY
  ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT
  ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY
).freeze

# With the dummy secret, keys are made up at every start: what they encrypt is lost. It is for image builds only.
values = KEYS.index_with { |key| ENV['SECRET_KEY_BASE_DUMMY'] ? SecureRandom.hex : ENV.fetch(key, '') }

if values.values.any?(&:blank?)
  abort "These variables must be set:\n#{KEYS.map { |key| "  - #{key}\n" }.join}Run `bin/rails db:encryption:init` " \
        'to generate values and then assign the environment variables.'
end

values.each do |key, value|
  abort "#{key} is a placeholder; generate an own value." if value.end_with?('DO_NOT_USE_IN_PRODUCTION')
end

Rails.application.configure do
  config.active_record.encryption.deterministic_key = values.fetch(KEYS[0])
  config.active_record.encryption.key_derivation_salt = values.fetch(KEYS[1])
  config.active_record.encryption.primary_key = values.fetch(KEYS[2])
end
