# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
class CreateTables < ActiveRecord::Migration[7.2]
  # Mastodon's history cannot be run from its beginning either: a migration of 2024 reads a secret that no longer exists.
  # Only loading the schema makes a new database, so a database that merely looks initialised must fail here too.
  def up
    ENV.fetch('OTP_SECRET')
  end
end
