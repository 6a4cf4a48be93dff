# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Before the deployment: release A goes on working beside the new column.
class AddLocaleToStatuses < ActiveRecord::Migration[7.2]
  def change
    add_column :statuses, :locale, :string
  end
end
