# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
module Mastodon
  module Version
    SCHEMA = 2026_01_01_000000
    LANGUAGE_COLUMN = :language

    # The suffix is Mastodon's own way to mark a changed build: no program takes this for the real thing.
    def self.to_s = '4.7.6+stand-in'
  end
end
