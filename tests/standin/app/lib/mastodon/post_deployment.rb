# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
module Mastodon
  # Migrations in db/post_migrate run only when no process of the release before is left.
  module PostDeployment
    # Any value skips them, `false` too: the key's presence counts.
    def self.add_migrations(config)
      config.paths['db/migrate'] << 'db/post_migrate' unless ENV['SKIP_POST_DEPLOYMENT_MIGRATIONS']
    end
  end
end
