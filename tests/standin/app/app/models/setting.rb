# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Values that an admin changes at run time; what is not stored has its default.
class Setting < ApplicationRecord
  DEFAULTS = {
    'registrations_mode' => 'none',
    'require_invite_text' => false,
    'site_contact_email' => '',
    'site_contact_username' => '',
    'site_title' => 'A stand-in for Mastodon',
    'backups_retention_period' => 7,
    'content_cache_retention_period' => nil,
    'media_cache_retention_period' => nil,
  }.freeze

  def self.[](var)
    stored = find_by(var:)
    stored ? YAML.safe_load(stored.value) : DEFAULTS.fetch(var)
  end

  def self.[]=(var, value)
    find_or_initialize_by(var:).update!(value: value.to_yaml)
  end

  DEFAULTS.each_key do |var|
    define_singleton_method(var) { self[var] }
    define_singleton_method(:"#{var}=") { |value| self[var] = value }
  end
end
