# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Release B keeps a post's language in its own new column, and no longer looks at the old one.
module StatusLanguage
  extend ActiveSupport::Concern

  included do
    self.ignored_columns += %w(language)
    alias_attribute :written_in, :locale
  end
end
