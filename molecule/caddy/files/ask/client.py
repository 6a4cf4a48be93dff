# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the tests speak to a running Caddy. CA_FILE names the root that must have signed."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import subprocess
import time

TRUST = ssl.create_default_context(cafile=os.environ["CA_FILE"])
TOKEN = "token-that-no-log-may-hold"


def tls(host: str, source: str = "127.0.0.1", trust: ssl.SSLContext = TRUST) -> ssl.SSLSocket:
    """Connect to the front as the given address, and verify its certificate for the name."""
    plain = socket.create_connection(("127.0.0.1", 443), timeout=30, source_address=(source, 0))
    return trust.wrap_socket(plain, server_hostname=host)


def ask(host, path="/", method="GET", headers=None, body=None, source="127.0.0.1", sni=None, trust=TRUST):
    """Send one request over TLS; return the response with its body in .content and, when it is JSON, in .seen."""
    connection = http.client.HTTPSConnection(host)
    connection.sock = tls(sni or host, source, trust)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        response.content = response.read()
    finally:
        connection.close()
    response.seen = json.loads(response.content) if response.content.startswith(b"{") else {}
    return response


def upload(size: int) -> int:
    """Send so many bytes; return the status, also when the front answers before everything has arrived."""
    connection = http.client.HTTPSConnection("mastodon.localhost")
    connection.sock = tls("mastodon.localhost")
    connection.putrequest("POST", "/api/v2/media")
    connection.putheader("Content-Length", str(size))
    connection.endheaders()
    try:
        for _ in range(size // 2**20):
            connection.send(b"\0" * 2**20)
        connection.send(b"\0" * (size % 2**20))
    except OSError:
        pass
    response = connection.getresponse()
    seen = json.loads(response.read() or b"{}")
    connection.close()
    return seen.get("received", response.status)


def websocket() -> ssl.SSLSocket:
    """Open a websocket with a token where Mastodon's web page puts it, and return the upgraded connection."""
    connection = tls("mastodon.localhost")
    connection.sendall(
        b"GET /api/v1/streaming?access_token=" + TOKEN.encode() + b" HTTP/1.1\r\n"
        b"Host: mastodon.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        b"Sec-WebSocket-Protocol: " + TOKEN.encode() + b"\r\n\r\n"
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 101"), answer
    return connection


def timed(host, path, method="GET"):
    """Return the status of an answer, and the seconds that it took."""
    begun = time.monotonic()
    status = ask(host, path, method, body=b"" if method == "POST" else None).status
    return status, time.monotonic() - begun


def quick(host: str) -> int:
    """Return the status of an answer that comes within a second, 0 for one that does not."""
    status, took = timed(host, "/about")
    return status if took < 1 else 0


def main_pid() -> str:
    """Return the process id of the service."""
    command = ["systemctl", "show", "--value", "--property=MainPID", "caddy.service"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
