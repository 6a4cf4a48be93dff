// SPDX-FileCopyrightText: fediops contributors
// SPDX-License-Identifier: GPL-3.0-or-later
'use strict';

class RequestError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const TOKEN = `
  SELECT oauth_access_tokens.scopes, users.account_id
  FROM oauth_access_tokens
  JOIN users ON users.id = oauth_access_tokens.resource_owner_id
  JOIN accounts ON accounts.id = users.account_id
  WHERE oauth_access_tokens.token = $1 AND oauth_access_tokens.revoked_at IS NULL
    AND users.disabled IS FALSE AND accounts.suspended_at IS NULL`;

// The token comes in the header, in the query, or (browsers, which can send neither) as a websocket protocol.
const authenticate = async (pool, request, query) => {
  const header = request.headers.authorization?.replace(/^Bearer /, '');
  const token = header || query.get('access_token') || request.headers['sec-websocket-protocol'];
  if (!token) throw new RequestError(401, 'Missing access token');
  const { rows } = await pool.query(TOKEN, [token]);
  if (rows.length === 0) throw new RequestError(401, 'Invalid access token');
  return { accountId: rows[0].account_id, scopes: rows[0].scopes.split(' ') };
};

// The name that a client asks for, and the Redis channel behind it.
const channel = (stream, account) => {
  const needsRead = () => {
    if (!account.scopes.some((scope) => ['read', 'read:statuses'].includes(scope))) {
      throw new RequestError(401, 'Access token does not have the required scopes');
    }
  };
  switch (stream) {
  case 'user':
    needsRead();
    return `timeline:${account.accountId}`;
  case 'public':
  case 'public:local':
  case 'public:media':
  case 'public:local:media':
    return `timeline:${stream}`;
  default:
    throw new RequestError(400, 'Unknown channel requested');
  }
};

module.exports = { RequestError, authenticate, channel };
