// SPDX-FileCopyrightText: fediops contributors
// SPDX-License-Identifier: GPL-3.0-or-later
'use strict';

// A stand-in for Mastodon's streaming server: tokens from PostgreSQL, events from Redis, to websockets and event streams.

const http = require('node:http');

const { Pool } = require('pg');
const { WebSocketServer } = require('ws');

const { authenticate, channel } = require('./accounts.js');
const { Bus } = require('./bus.js');
const config = require('./config.js');
const log = require('./log.js');
const { counters, render } = require('./metrics.js');

const PREFIX = '/api/v1/streaming';
const PING_INTERVAL = 30_000;

const server = http.createServer();

// Both ends leave with 0, as Mastodon's does: a restart policy of `on-failure` would not bring it back.
const leave = (reason) => {
  log.info(`Terminating: ${reason}`);
  server.close();
  process.exit(0);
};
process.on('SIGINT', () => leave('SIGINT'));
process.on('SIGTERM', () => leave('SIGTERM'));
process.on('uncaughtException', (error) => {
  log.error(error.message, { err: error.stack });
  leave('uncaughtException');
});

const pool = new Pool(config.database(process.env));
pool.on('error', (error) => log.error('PostgreSQL connection lost', { err: error.message }));
const bus = new Bus(config.redis(process.env));
const sockets = new WebSocketServer({ noServer: true });

const parse = (request) => {
  const { pathname, searchParams } = new URL(request.url, 'http://streaming');
  return { path: pathname, query: searchParams };
};

const status = (error) => {
  if (!error.status) log.error(error.message, { err: error.stack });
  return { code: error.status ?? 500, message: error.status ? error.message : 'Unexpected error occurred' };
};

const eventStream = async (request, response, path, query) => {
  const account = await authenticate(pool, request, query);
  const name = channel(path.slice(PREFIX.length + 1).replaceAll('/', ':'), account);
  const send = (event, payload) => {
    counters.sent.eventsource += 1;
    response.write(`event: ${event}\ndata: ${payload}\n\n`);
  };
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'private, no-store' });
  response.write(':)\n');
  const heartbeat = setInterval(() => response.write(':thump\n'), 15_000);
  counters.clients.eventsource += 1;
  response.on('close', () => {
    counters.clients.eventsource -= 1;
    clearInterval(heartbeat);
    bus.unsubscribe(name, send);
  });
  await bus.subscribe(name, send);
};

server.on('request', async (request, response) => {
  const { path, query } = parse(request);
  if (path === `${PREFIX}/health`) {
    return response.writeHead(200, { 'Content-Type': 'text/plain', 'Cache-Control': 'private, no-store' }).end('OK');
  }
  if (path === '/metrics') {
    return response.writeHead(200, { 'Content-Type': 'text/plain' }).end(render(pool, bus.subscriptions));
  }
  try {
    return await eventStream(request, response, path, query);
  } catch (error) {
    const { code, message } = status(error);
    return response.writeHead(code, { 'Content-Type': 'application/json' }).end(JSON.stringify({ error: message }));
  }
});

// A refused upgrade answers in HTTP: this 401 is how one sees from outside that websockets get this far.
const refuse = (socket, { code, message }) => {
  const head = { Connection: 'close', 'Content-Type': 'text/plain', 'Content-Length': 0, 'X-Error-Message': message };
  const lines = Object.entries(head).map(([key, value]) => `${key}: ${value}`);
  socket.end(`HTTP/1.1 ${code} ${http.STATUS_CODES[code]}\r\n${lines.join('\r\n')}\r\n\r\n`, () => socket.destroy());
};

server.on('upgrade', async (request, socket, head) => {
  const ignore = (error) => log.debug(error.message);
  socket.on('error', ignore);
  const { query } = parse(request);
  try {
    const account = await authenticate(pool, request, query);
    socket.removeListener('error', ignore);
    sockets.handleUpgrade(request, socket, head, (client) => serve(client, account, query.get('stream')));
  } catch (error) {
    refuse(socket, status(error));
  }
});

const serve = (client, account, first) => {
  const streams = new Map();
  client.isAlive = true;
  counters.clients.websocket += 1;

  const subscribe = async (stream) => {
    if (streams.has(stream)) return;
    const name = channel(stream, account);
    const send = (event, payload) => {
      counters.sent.websocket += 1;
      client.send(JSON.stringify({ stream: [stream], event, payload }));
    };
    streams.set(stream, { name, send });
    await bus.subscribe(name, send);
  };
  const unsubscribe = async (stream) => {
    const subscription = streams.get(stream);
    streams.delete(stream);
    if (subscription) await bus.unsubscribe(subscription.name, subscription.send);
  };
  const answer = (error) => client.send(JSON.stringify({ error: error.message, status: error.status ?? 500 }));

  client.on('pong', () => { client.isAlive = true; });
  client.on('error', (error) => log.debug(error.message));
  client.on('close', () => {
    counters.clients.websocket -= 1;
    [...streams.keys()].forEach(unsubscribe);
  });
  client.on('message', (data) => {
    try {
      const { type, stream } = JSON.parse(data);
      const act = { subscribe, unsubscribe }[type];
      act?.(stream).catch(answer);
    } catch (error) {
      log.debug(`Unreadable message: ${error.message}`);
    }
  });
  if (first) subscribe(first).catch(answer);
};

// A client that did not answer the ping before is gone, whatever its connection says.
setInterval(() => sockets.clients.forEach((client) => {
  if (!client.isAlive) return client.terminate();
  client.isAlive = false;
  return client.ping();
}), PING_INTERVAL);

if (process.env.SOCKET) {
  server.listen(process.env.SOCKET);
} else {
  server.listen(config.number(process.env, 'PORT', 4000), process.env.BIND || '127.0.0.1', () => {
    const { address, port } = server.address();
    log.info(`Streaming API now listening on ${address}:${port}`);
  });
}
