# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# One schema for both releases: all they differ in is the column that holds a post's language.
ActiveRecord::Schema[7.2].define(version: Mastodon::Version::SCHEMA) do
  create_table :accounts do |t|
    t.string :username, null: false, default: ''
    t.string :domain
    t.text :private_key
    t.text :public_key, null: false, default: ''
    t.string :avatar_file_name
    t.string :header_file_name
    t.datetime :suspended_at
    t.timestamps
    t.index "lower(username), COALESCE(lower(domain), '')", name: 'index_accounts_on_username_and_domain_lower',
                                                             unique: true
  end

  create_table :keypairs do |t|
    t.references :account, null: false, foreign_key: { on_delete: :cascade }
    t.string :uri, null: false
    t.integer :type, null: false
    t.string :public_key, null: false
    t.string :private_key
    t.timestamps
    t.index :uri, unique: true
  end

  create_table :user_roles do |t|
    t.string :name, null: false, default: ''
    t.integer :position, null: false, default: 0
    t.bigint :permissions, null: false, default: 0
    t.boolean :highlighted, null: false, default: false
    t.timestamps
  end

  create_table :users do |t|
    t.references :account, null: false, foreign_key: { on_delete: :cascade }
    t.references :role, foreign_key: { to_table: :user_roles, on_delete: :nullify }
    t.string :email, null: false, default: ''
    t.string :encrypted_password, null: false, default: ''
    t.string :confirmation_token
    t.datetime :confirmed_at
    t.string :reset_password_token
    t.string :otp_secret
    t.boolean :otp_required_for_login, null: false, default: false
    t.boolean :approved, null: false, default: false
    t.boolean :disabled, null: false, default: false
    t.timestamps
    t.index 'lower(email)', unique: true
  end

  create_table :statuses do |t|
    t.references :account, null: false, foreign_key: { on_delete: :cascade }
    t.text :text, null: false, default: ''
    t.string :visibility, null: false, default: 'public'
    t.string Mastodon::Version::LANGUAGE_COLUMN
    t.datetime :deleted_at
    t.timestamps
    t.index :deleted_at, where: 'deleted_at IS NOT NULL'
  end

  create_table :media_attachments do |t|
    t.references :account, null: false, foreign_key: { on_delete: :cascade }
    t.references :status, foreign_key: { on_delete: :nullify }
    t.integer :type, null: false, default: 0
    t.integer :processing, null: false, default: 0
    t.string :file_file_name
    t.string :file_content_type
    t.bigint :file_file_size
    t.string :thumbnail_file_name
    t.string :remote_url, null: false, default: ''
    t.bigint :scheduled_status_id
    t.timestamps
    t.index %i(account_id status_id), where: 'status_id IS NOT NULL'
  end

  create_table :settings do |t|
    t.string :var, null: false, index: { unique: true }
    t.text :value
    t.timestamps
  end

  create_table :oauth_applications do |t|
    t.string :name, null: false
    t.string :uid, null: false, index: { unique: true }
    t.string :secret, null: false
    t.text :redirect_uri, null: false
    t.string :scopes, null: false, default: ''
    t.boolean :confidential, null: false, default: true
    t.timestamps
  end

  create_table :oauth_access_grants do |t|
    t.bigint :resource_owner_id, null: false
    t.references :application, null: false, foreign_key: { to_table: :oauth_applications, on_delete: :cascade }
    t.string :token, null: false, index: { unique: true }
    t.integer :expires_in, null: false
    t.text :redirect_uri, null: false
    t.string :scopes, null: false, default: ''
    t.datetime :created_at, null: false
    t.datetime :revoked_at
  end

  create_table :oauth_access_tokens do |t|
    t.bigint :resource_owner_id
    t.references :application, foreign_key: { to_table: :oauth_applications, on_delete: :cascade }
    t.string :token, null: false, index: { unique: true }
    t.string :refresh_token
    t.integer :expires_in
    t.string :scopes
    t.datetime :created_at, null: false
    t.datetime :revoked_at
  end
end
