// SPDX-FileCopyrightText: fediops contributors
// SPDX-License-Identifier: GPL-3.0-or-later
'use strict';

// Reads the environment as Mastodon's streaming server does; not always as its Rails part does.

const number = (env, name, fallback) => {
  if (!env[name]) return fallback;
  const value = parseInt(env[name], 10);
  if (Number.isNaN(value)) throw new Error(`Invalid ${name} environment variable: ${env[name]}`);
  return value;
};

// Unset means no TLS at all; anything but these few words means TLS with full verification, `prefer` included.
const tls = (mode) => {
  if (!mode || mode === 'disable') return false;
  return mode === 'no-verify' ? { rejectUnauthorized: false } : {};
};

const database = (env) => {
  const common = { max: number(env, 'DB_POOL', 10), connectionTimeoutMillis: 15000, application_name: '' };
  if (env.DATABASE_URL) return { connectionString: env.DATABASE_URL, ...common };
  return {
    user: env.DB_USER || 'mastodon',
    password: env.DB_PASS || '',
    database: env.DB_NAME || 'mastodon_production',
    host: env.DB_HOST || 'localhost',
    port: number(env, 'DB_PORT', 5432),
    ssl: tls(env.DB_SSLMODE),
    ...common,
  };
};

// Only the base set: a SIDEKIQ_ or CACHE_ group means nothing here.
const redis = (env) => {
  if (env.REDIS_URL) return { url: env.REDIS_URL };
  return {
    socket: { host: env.REDIS_HOST || '127.0.0.1', port: number(env, 'REDIS_PORT', 6379) },
    username: env.REDIS_USER || undefined,
    password: env.REDIS_PASSWORD || undefined,
    database: number(env, 'REDIS_DB', 0),
  };
};

module.exports = { database, number, redis };
