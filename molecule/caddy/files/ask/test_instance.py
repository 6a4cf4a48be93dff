# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What reaches the app, and what does not."""

from __future__ import annotations

import gzip
import json
import unittest

from client import ask, upload


class Instance(unittest.TestCase):
    """The app's site."""

    def test_routes(self):
        self.assertEqual(ask("mastodon.localhost", "/about").seen["port"], 3000)
        for path in ("/api/v1/streaming", "/api/v1/streaming/health", "/api/v1/streaming?stream=public"):
            self.assertEqual(ask("mastodon.localhost", path).seen["port"], 4000, path)

    def test_metrics_of_streaming_are_out_of_reach(self):
        for path in (
            "/metrics",
            "/api/v1/streaming/../../../metrics",
            "/api/v1/streaming/%2e%2e/%2e%2e/%2e%2e/metrics",
            "/api/v1/streaming/..%2f..%2f..%2fmetrics",
            "//metrics",
            "/api/v1/streaming%2f../metrics",
        ):
            seen = ask("mastodon.localhost", path).seen
            self.assertFalse(seen.get("port") == 4000, f"{path} reached streaming")

    def test_client_address_cannot_be_forged(self):
        forged = {
            "Forwarded": "for=203.0.113.9",
            "X-Forwarded-For": "203.0.113.9",
            "Client-Ip": "203.0.113.9",
            "Client_Ip": "203.0.113.9",
            "X_Forwarded_For": "203.0.113.9",
            "Proxy": "http://203.0.113.9",
            "X-Forwarded-Host": "evil.example",
            "X-Forwarded-Proto": "http",
        }
        for path in ("/about", "/api/v1/streaming/health"):
            seen = ask("mastodon.localhost", path, headers=forged, source="127.0.0.3").seen
            headers = dict(map(tuple, seen["headers"]))
            self.assertEqual(headers.pop("X-Forwarded-For"), "127.0.0.3")
            self.assertEqual(headers.pop("X-Forwarded-Proto"), "https")
            self.assertEqual(headers.pop("Host"), "mastodon.localhost")
            self.assertNotIn("203.0.113.9", json.dumps(headers))
            self.assertNotIn("evil.example", json.dumps(headers))

    def test_client_behind_a_trusted_proxy(self):
        claimed = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
        for source, client in (("127.0.0.4", "198.51.100.7"), ("127.0.0.3", "127.0.0.3")):
            seen = ask("mastodon.localhost", "/about", headers=claimed, source=source).seen
            self.assertEqual([value for name, value in seen["headers"] if name == "X-Forwarded-For"], [client])

    def test_a_trusted_proxy_speaks_by_one_header_only(self):
        forged = {"X-Forwarded-For": "198.51.100.7", "Forwarded": "for=203.0.113.9", "Client-Ip": "203.0.113.9"}
        for path in ("/about", "/api/v1/streaming/health"):
            seen = ask("mastodon.localhost", path, headers=forged, source="127.0.0.4").seen
            self.assertNotIn("203.0.113.9", json.dumps(seen["headers"]))

    def test_uploads(self):
        self.assertEqual(upload(99 * 2**20 + 4096), 99 * 2**20 + 4096)
        self.assertEqual(upload(111_000_000), 413)

    def test_compression(self):
        answer = ask("mastodon.localhost", "/actor", headers={"Accept-Encoding": "gzip"})
        self.assertEqual(answer.getheader("Content-Encoding"), "gzip")
        self.assertIn(b"padding", gzip.decompress(answer.content))

    def test_security_headers_are_left_to_the_app(self):
        answer = ask("mastodon.localhost")
        for header in ("Strict-Transport-Security", "Content-Security-Policy", "X-Frame-Options"):
            self.assertIsNone(answer.getheader(header))

    def test_uploads_of_old(self):
        answer = ask("mastodon.localhost", "/system/media_attachments/files/1/a.png?x=y")
        self.assertEqual(
            (answer.status, answer.getheader("Location"), answer.getheader("Access-Control-Allow-Origin")),
            (301, "https://media.mastodon.localhost/media_attachments/files/1/a.png?x=y", "*"),
        )
        self.assertIn(ask("away.localhost", "/system/a.png").status, (502, 503))
