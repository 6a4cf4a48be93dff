# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CDN in front, which connects by a name of its own, and is the only one that may say who the visitor is."""

from __future__ import annotations

import json
import ssl
import unittest

from client import TRUST, ask, tls

OWN = ssl.create_default_context(cafile="/etc/ssl/edge/origin.crt")
CDN, STRANGER = "127.0.0.4", "127.0.0.3"
DOOR, NAMES = "origin.mastodon.localhost", ("mastodon.localhost", "origin.mastodon.localhost", "origin.localhost")


class Cdn(unittest.TestCase):
    """The way in through an origin name."""

    def test_certificates(self):
        for name, trusted, stranger in (
            (DOOR, OWN, TRUST),
            ("origin.localhost", OWN, TRUST),
            ("mastodon.localhost", TRUST, OWN),
            ("own.localhost", OWN, TRUST),
            ("origin-own.localhost", TRUST, OWN),
        ):
            tls(name, trust=trusted).close()
            with self.assertRaises(ssl.SSLCertVerificationError, msg=name):
                tls(name, trust=stranger)

    def test_the_app_hears_of_the_public_name_only(self):
        for name in NAMES:
            for path, port in (("/about", 3000), ("/api/v1/streaming/health", 4000)):
                seen = ask(name, path, sni=DOOR, trust=OWN, source=CDN).seen
                self.assertEqual(seen["port"], port)
                self.assertIn(["Host", "mastodon.localhost"], seen["headers"], name)
                self.assertNotIn("origin", json.dumps(seen))

    def test_only_the_cdn_is_believed(self):
        claims = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7", "Forwarded": "for=203.0.113.9"}
        for name in NAMES:
            for source, client in ((CDN, "198.51.100.7"), (STRANGER, STRANGER)):
                seen = ask(name, "/about", headers=claims, sni=DOOR, trust=OWN, source=source).seen
                headers = dict(map(tuple, seen["headers"]))
                self.assertEqual(headers["X-Forwarded-For"], client)
                self.assertNotIn("Forwarded", headers)
                self.assertNotIn("203.0.113.9", json.dumps(headers))

    def test_everything_else_is_as_by_the_public_name(self):
        answer = ask(DOOR, "/system/a.png", trust=OWN, source=CDN)
        self.assertEqual((answer.status, answer.getheader("Location")), (301, "https://media.mastodon.localhost/a.png"))
        page = ask(DOOR, "/about?wait=9", trust=OWN, source=CDN)
        self.assertEqual(page.status, 504)
        self.assertIn(b"mastodon.localhost is being restarted", page.content)
        self.assertNotIn(b"origin", page.content)
        self.assertEqual(ask("origin-own.localhost", "/x").getheader("Location"), "https://mastodon.localhost/x")
