# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
namespace :db do
  task pre_migration_check: :environment do
    pool = ActiveRecord::Base.connection_pool
    version = pool.with_connection { |connection| connection.select_value('SHOW server_version_num').to_i }
    abort 'This version requires PostgreSQL 14 or newer. Please update PostgreSQL first.' if version < 140_000

    if ENV['SKIP_POST_DEPLOYMENT_MIGRATIONS'] && pool.migration_context.current_version.zero?
      abort 'Zero-downtime migrations from so old a version are not possible: stop all processes and migrate without ' \
            'SKIP_POST_DEPLOYMENT_MIGRATIONS.'
    end
  end

  # Rails 8 loads the schema when db:migrate meets an empty database; this Rails 7.2 would run every migration.
  task load_schema_into_empty: :environment do
    pool = ActiveRecord::Base.connection_pool
    ActiveRecord::Tasks::DatabaseTasks.load_schema(pool.db_config) unless pool.schema_migration.table_exists?
  end

  Rake::Task['db:migrate'].enhance(%w(db:pre_migration_check db:load_schema_into_empty))
end
