# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The media host and the object store."""

from __future__ import annotations

import unittest

from client import ask

SIGNED = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=key%2F20261123&X-Amz-Signature=abc"


class Media(unittest.TestCase):
    """The media host."""

    def test_get_and_head_only(self):
        self.assertEqual(ask("media.mastodon.localhost", "/x").seen["port"], 8080)
        self.assertEqual(ask("old-media.localhost", "/x", "HEAD").status, 200)
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            answer = ask("media.mastodon.localhost", "/x", method, body=b"")
            self.assertEqual((answer.status, answer.getheader("Allow")), (405, "GET, HEAD"), method)

    def test_credentials_stay_outside(self):
        seen = ask("media.mastodon.localhost", "/x", headers={"Cookie": "a=b", "Authorization": "Bearer c"}).seen
        self.assertFalse({"Cookie", "Authorization"} & {name for name, _ in seen["headers"]})

    def test_hsts_once(self):
        self.assertEqual(
            ask("media.mastodon.localhost", "/x").headers.get_all("Strict-Transport-Security"), ["max-age=63072000"]
        )


class Store(unittest.TestCase):
    """The object store's site."""

    host = "s3.mastodon.localhost"

    def test_strangers(self):
        for method, path in (
            ("GET", "/"),
            ("GET", "/mastodon-media"),
            ("GET", "/mastodon-media/?list-type=2"),
            ("GET", "/mastodon-media/a"),
            ("GET", "/mastodon-media/?" + SIGNED),
            ("GET", "/mastodon-media?list-type=2&" + SIGNED),
            ("GET", "/other/a?" + SIGNED),
            ("GET", "/mastodon-media/a?X-Amz-Signature=abc"),
            ("GET", "/mastodon-media/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=abc"),
            ("PUT", "/mastodon-media/a?" + SIGNED),
            ("POST", "/mastodon-media/a?" + SIGNED),
            ("DELETE", "/mastodon-media/a?" + SIGNED),
            ("GET", "/minio/admin/v3/info?" + SIGNED),
        ):
            answer = ask(self.host, path, method, body=b"x" if method in ("PUT", "POST") else None)
            self.assertEqual((answer.status, answer.seen), (403, {}), f"{method} {path}")

    def test_store_over_tls_proves_who_it_is(self):
        self.assertEqual(ask("proven.localhost", "/mastodon-media/a", source="127.0.0.2").seen["port"], 9443)
        answer = ask("impostor.localhost", "/mastodon-media/a", source="127.0.0.2")
        self.assertEqual((answer.status, answer.seen), (502, {}))

    def test_header_does_not_make_a_writer(self):
        forged = {"X-Forwarded-For": "127.0.0.2", "Forwarded": "for=127.0.0.2"}
        self.assertEqual(ask(self.host, "/mastodon-media/a", "PUT", forged, b"x").status, 403)

    def test_signed_links(self):
        # A user's archive, and media that moderators discarded and look at again.
        for key in ("backups/dumps/1/a%20b.zip", "media_attachments/files/1/original/a.png"):
            path = f"/mastodon-media/{key}?{SIGNED}"
            seen = ask(self.host, path).seen
            self.assertEqual((seen["port"], seen["path"]), (9000, path))
            self.assertIn(["Host", self.host], seen["headers"])
            self.assertEqual(ask(self.host, path, "HEAD").status, 200)

    def test_writers(self):
        seen = ask(self.host, "/mastodon-media/a", "PUT", body=b"x" * 1000, source="127.0.0.2").seen
        self.assertEqual((seen["port"], seen["method"], seen["received"]), (9000, "PUT", 1000))
        self.assertEqual(ask(self.host, "/", source="127.0.0.2").seen["port"], 9000)

    def test_nothing_is_compressed(self):
        answer = ask(self.host, "/", headers={"Accept-Encoding": "gzip"}, source="127.0.0.2")
        self.assertIsNone(answer.getheader("Content-Encoding"))
