# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
class ApplicationRecord < ActiveRecord::Base
  primary_abstract_class

  if configurations.configs_for(env_name: Rails.env, name: 'replica', include_hidden: true)
    connects_to database: { writing: :primary, reading: :replica }
  else
    connects_to database: { writing: :primary, reading: :primary }
  end
end
