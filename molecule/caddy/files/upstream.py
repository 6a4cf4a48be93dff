#!/usr/bin/env python3
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An upstream that answers each request with what it was asked. Usage: upstream [ADDRESS:]PORT[@CERTIFICATE]...

CERTIFICATE is a path without .crt and .key; with it the port speaks TLS.
"""

from __future__ import annotations

import json
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Mirror(BaseHTTPRequestHandler):
    """Says what arrived; upgrades to an echo of lines; waits or fails when the path says so."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer any method."""
        if self.headers.get("Upgrade") == "websocket":
            self.echo()
            return
        time.sleep(int(self.path.partition("wait=")[2] or 0))
        status = 500 if self.path.startswith("/broken") else 302 if self.path.startswith("/oauth/authorize") else 200
        kind = "application/activity+json; charset=utf-8" if self.path.startswith("/actor") else "application/json"
        seen = {
            "port": self.server.server_address[1],
            "method": self.command,
            "path": self.path,
            "headers": self.headers.items(),
            "received": self.swallow(),
            "padding": "x" * 2000,
        }
        body = json.dumps(seen).encode()
        self.send_response(status)
        if self.path.startswith("/oauth/authorize"):
            self.send_header("Location", f"https://client.example/?{self.path.partition('?')[2]}")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - names that the base class looks for

    def swallow(self) -> int:
        """Read the body, plain or chunked, and return its length."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            total = 0
            while size := int(self.rfile.readline(), 16):
                total += len(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return total
        left = total = int(self.headers.get("Content-Length") or 0)
        while left > 0:
            left -= len(self.rfile.read(min(left, 2**20))) or left
        return total

    def echo(self) -> None:
        """Switch protocols and send each line back."""
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.end_headers()
        while line := self.rfile.readline():
            self.wfile.write(line)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Keep the journal quiet."""


def listen(place: str) -> ThreadingHTTPServer:
    """Listen at one place."""
    place, _at, stem = place.partition("@")
    address, _colon, port = place.rpartition(":")
    server = ThreadingHTTPServer((address or "127.0.0.1", int(port)), Mirror)
    if stem:
        settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        settings.load_cert_chain(f"{stem}.crt", f"{stem}.key")
        server.socket = settings.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    return server


servers = [listen(place) for place in sys.argv[1:]]
for server in servers[1:]:
    threading.Thread(target=server.serve_forever, daemon=True).start()
servers[0].serve_forever()
