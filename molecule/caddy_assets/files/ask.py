#!/usr/bin/env python3
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a running Caddy for the static files of two releases. CA_FILE names the root that must have signed."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import socket
import ssl
import subprocess
import time
import unittest
from pathlib import Path

TRUST = ssl.create_default_context(cafile=os.environ["CA_FILE"])
NAME = "mastodon.localhost"
ASSETS = Path("/var/lib/caddy-assets")


def ask(path, method="GET", headers=None):
    """Send one request; return the response, its body in .content."""
    connection = http.client.HTTPSConnection(NAME)
    connection.sock = TRUST.wrap_socket(socket.create_connection(("127.0.0.1", 443), timeout=30), server_hostname=NAME)
    try:
        connection.request(method, path, headers=headers or {})
        response = connection.getresponse()
        response.content = response.read()
    finally:
        connection.close()
    return response


def releases() -> list[str]:
    """Return the releases that are served, newest first."""
    return json.loads((ASSETS / "order.json").read_text())


def packed(release: str) -> set[str]:
    """Return the addresses of the files that carry their content in their name."""
    root = ASSETS / "releases" / release
    return {f"/{path.relative_to(root)}" for path in (root / "packs").rglob("*-*.*")}


class One(unittest.TestCase):
    """Release A is served."""

    def test_files_come_from_disk(self):
        names = packed(releases()[0])
        self.assertGreater(len(names), 1)
        for name in names:
            answer = ask(name)
            self.assertEqual(answer.status, 200, name)
            self.assertNotIn(b'"port"', answer.content, "the app was asked")
            self.assertEqual(answer.getheader("Cache-Control"), "public, max-age=31536000, immutable")
            self.assertEqual(answer.getheader("X-Content-Type-Options"), "nosniff")
            self.assertEqual(answer.content, (ASSETS / "current" / name[1:]).read_bytes())

    def test_names_without_content_are_asked_for_again(self):
        answer = ask("/packs/manifest.json")
        self.assertEqual(answer.getheader("Cache-Control"), "public, max-age=2419200, must-revalidate")
        again = ask("/packs/manifest.json", headers={"If-None-Match": answer.getheader("Etag")})
        self.assertEqual((again.status, again.content), (304, b""))

    def test_everything_else_is_the_app_s(self):
        for path in ("/packs/of-tomorrow-1a2b3c4d.js", "/packs/sw.js", "/system/x.png", "/packs/../order.json", "/"):
            self.assertIn(b'"port": 3000', ask(path).content, path)
        self.assertIn(b'"method": "POST"', ask("/packs/manifest.json", "POST").content)

    def test_nothing_beside_the_files_can_be_reached(self):
        for path in ("/packs/..%2f..%2forder.json", "/packs/%2e%2e/%2e%2e/order.json", "/packs/", "/packs"):
            self.assertNotIn(b"v4.7", ask(path).content, path)
            self.assertNotIn(b"manifest", ask(path).content.replace(path.encode(), b""), path)

    def test_compression(self):
        name = min(name for name in packed(releases()[0]) if name.endswith(".js"))
        plain = ask(name).content
        self.assertEqual(gzip.decompress(ask(name, headers={"Accept-Encoding": "gzip"}).content), plain)
        # A file that was compressed beforehand is sent as it is.
        ready = ASSETS / "current" / f"{name[1:]}.gz"
        ready.write_bytes(gzip.compress(b"made beforehand"))
        try:
            answer = ask(name, headers={"Accept-Encoding": "gzip"})
            self.assertEqual((answer.getheader("Content-Encoding"), answer.content), ("gzip", ready.read_bytes()))
            self.assertEqual(ask(name).content, plain)
        finally:
            ready.unlink()


class Two(unittest.TestCase):
    """Release B has come."""

    def test_both_releases_are_served(self):
        new, old = releases()
        self.assertTrue(packed(old) - packed(new), "the releases do not differ")
        for name in packed(new) | packed(old):
            self.assertEqual((ask(name).status, ask(name).getheader("Cache-Control")[-9:]), (200, "immutable"), name)

    def test_what_has_one_name_is_of_the_newest(self):
        manifest = (ASSETS / "releases" / releases()[0] / "packs" / "manifest.json").read_bytes()
        self.assertEqual(ask("/packs/manifest.json").content, manifest)


class Away(unittest.TestCase):
    """The app is away: visitors see its own page, with its style."""

    @classmethod
    def setUpClass(cls):
        subprocess.run(["systemctl", "stop", "upstream.service"], check=True)

    @classmethod
    def tearDownClass(cls):
        subprocess.run(["systemctl", "start", "upstream.service"], check=True)
        end = time.monotonic() + 15
        while ask("/").status != 200:
            assert time.monotonic() < end, "the app is not found again"
            time.sleep(0.5)

    def test_own_page(self):
        own = (ASSETS / "current" / "assets" / "500.html").read_bytes()
        answer = ask("/about")
        self.assertIn(answer.status, (502, 503))
        self.assertEqual(answer.content, own)
        self.assertEqual(
            [answer.getheader(name) for name in ("Content-Type", "Cache-Control", "Refresh")],
            ["text/html; charset=utf-8", "no-store", "30"],
        )

    def test_programs_and_forms(self):
        answer = ask("/api/v1/timelines/public")
        self.assertIn("error", json.loads(answer.content))
        self.assertIn(b"being restarted", ask("/auth/sign_in", "POST").content)

    def test_files_are_still_there(self):
        for name in packed(releases()[0]):
            self.assertEqual(ask(name).status, 200)


if __name__ == "__main__":
    unittest.main()
