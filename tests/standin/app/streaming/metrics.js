// SPDX-FileCopyrightText: fediops contributors
// SPDX-License-Identifier: GPL-3.0-or-later
'use strict';

// The metrics of Mastodon's streaming server that a dashboard uses, without a client library.

const counters = { messages: 0, sent: { eventsource: 0, websocket: 0 }, clients: { eventsource: 0, websocket: 0 } };

const perType = (name, kind, values) => [
  `# TYPE ${name} ${kind}`,
  ...Object.entries(values).map(([type, value]) => `${name}{type="${type}"} ${value}`),
];

const single = (name, kind, value) => [`# TYPE ${name} ${kind}`, `${name} ${value}`];

const render = (pool, subscriptions) => [
  ...perType('connected_clients', 'gauge', counters.clients),
  ...perType('messages_sent_total', 'counter', counters.sent),
  ...single('redis_subscriptions', 'gauge', subscriptions),
  ...single('redis_messages_received_total', 'counter', counters.messages),
  ...single('pg_pool_total_connections', 'gauge', pool.totalCount),
  ...single('pg_pool_idle_connections', 'gauge', pool.idleCount),
  ...single('pg_pool_waiting_queries', 'gauge', pool.waitingCount),
  ...single('process_resident_memory_bytes', 'gauge', process.memoryUsage.rss()),
  '',
].join('\n');

module.exports = { counters, render };
