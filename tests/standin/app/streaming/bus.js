// SPDX-FileCopyrightText: fediops contributors
// SPDX-License-Identifier: GPL-3.0-or-later
'use strict';

const { createClient } = require('redis');

const log = require('./log.js');
const { counters } = require('./metrics.js');

// One Redis connection listens for all clients; each client's callback is called with the messages of its channels.
class Bus {
  #listeners = new Map();
  #redis;

  constructor(options) {
    this.#redis = createClient(options);
    this.#redis.on('error', (error) => log.error('Redis Client Error!', { err: error.message }));
    // Not awaited: health checks must pass while Redis is away; the client connects again by itself.
    this.#redis.connect();
  }

  get subscriptions() {
    return this.#listeners.size;
  }

  async subscribe(channel, callback) {
    const known = this.#listeners.has(channel);
    this.#listeners.set(channel, (this.#listeners.get(channel) ?? new Set()).add(callback));
    if (!known) await this.#redis.subscribe(channel, (message) => this.#deliver(channel, message));
  }

  async unsubscribe(channel, callback) {
    const callbacks = this.#listeners.get(channel);
    callbacks?.delete(callback);
    if (callbacks?.size !== 0) return;
    this.#listeners.delete(channel);
    await this.#redis.unsubscribe(channel);
  }

  #deliver(channel, message) {
    counters.messages += 1;
    const { event, payload } = JSON.parse(message);
    const text = typeof payload === 'object' ? JSON.stringify(payload) : payload;
    this.#listeners.get(channel)?.forEach((callback) => callback(event, text));
  }
}

module.exports = { Bus };
