# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# After the deployment: a process of release A that is still alive cannot post from now on.
class DropLanguageFromStatuses < ActiveRecord::Migration[7.2]
  def up
    return unless column_exists?(:statuses, :language) # a schema loaded as a whole never had it

    execute 'UPDATE statuses SET locale = language WHERE locale IS NULL'
    remove_column :statuses, :language
  end

  def down = raise(ActiveRecord::IrreversibleMigration)
end
