// SPDX-FileCopyrightText: fediops contributors
// SPDX-License-Identifier: GPL-3.0-or-later
'use strict';

// One JSON object a line, as pino writes them. What looks like a token is not written.

const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 };
const threshold = LEVELS[process.env.LOG_LEVEL] ?? LEVELS.info;

const redact = (text) => text.replace(/(access_token=)[^&\s"]+/g, '$1[Redacted]');

const write = (level) => (msg, fields = {}) => {
  if (LEVELS[level] < threshold) return;
  const line = { level: LEVELS[level], time: Date.now(), pid: process.pid, ...fields, msg };
  process.stdout.write(`${redact(JSON.stringify(line))}\n`);
};

module.exports = Object.fromEntries(Object.keys(LEVELS).map((level) => [level, write(level)]));
