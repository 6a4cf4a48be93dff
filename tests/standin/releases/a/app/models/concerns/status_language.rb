# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Release A keeps a post's language in the column that release B's post-deployment migration drops.
module StatusLanguage
  extend ActiveSupport::Concern

  included { alias_attribute :written_in, :language }
end
