# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
module Mastodon
  module Version
    SCHEMA = 2026_11_23_000001
    LANGUAGE_COLUMN = :locale

    # The suffix is Mastodon's own way to mark a changed build: no program takes this for the real thing.
    def self.to_s = '4.7.7+stand-in'
  end
end
