# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
class UserRole < ApplicationRecord
  EVERYONE_ID = -99
  ADMINISTRATOR = 1

  has_many :users, foreign_key: :role_id, inverse_of: :role, dependent: :nullify
end
