# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Long done in every schema; here so that release A, too, has a migration of the kind that comes after a deployment.
class ForgetOldColumns < ActiveRecord::Migration[7.2]
  def up = remove_column(:users, :encrypted_otp_secret, :string, if_exists: true)

  def down = raise(ActiveRecord::IrreversibleMigration)
end
