# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What visitors and origins see of each other."""

from __future__ import annotations

import http.client
import socket

from case import Case, ask, metrics


class Answers(Case):
    """All origins are well."""

    def test_headers(self) -> None:
        answer = ask(self.store.hold(self.file))
        self.assertEqual((answer.status, answer.content), (200, b"picture"))
        for name, value in {
            "Cache-Control": "public, max-age=315576000, s-maxage=600, immutable",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; form-action 'none'",
            "Access-Control-Allow-Origin": "*",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "X-Cache": "MISS",
            "X-Origin": "store",
            "Content-Type": "image/png",
        }.items():
            self.assertEqual(answer.headers.get_all(name), [value], name)
        hidden = ("Set-Cookie", "X-Accel-Redirect", "X-Amz-Request-Id", "X-Bz-File-Name", "Vary", "Location")
        for name in (*hidden, "Retry-After", "Allow"):
            self.assertIsNone(answer.getheader(name), name)

    def test_origin_sees_the_path_and_nothing_else(self) -> None:
        ask(
            self.store.hold(self.file) + "?list-type=2&response-content-type=text/html",
            headers={
                "Cookie": "a=b",
                "Authorization": "Bearer c",
                "X-Forwarded-For": "192.0.2.1",
                "If-None-Match": "x",
                "Range": "bytes=0-1",
            },
        )
        seen = self.store.asked[0]
        self.assertEqual((seen.command, seen.path), ("GET", "/bucket" + self.file))
        self.assertEqual(dict(seen.headers), {"Host": "127.0.0.1:9001"})
        ask(self.old.hold(self.file + "2"))
        self.assertEqual(self.old.asked[0].headers["Host"], "old-media.example.org")
        ask(self.b2.hold(self.file + "3"))
        self.assertEqual(self.b2.asked[0].headers["Host"], "old-bucket.s3.b2.test:9003")

    def test_order_of_origins(self) -> None:
        for name, hold in self.holders().items():
            path = hold(self.new())
            answer = ask(path)
            self.assertEqual((answer.content, answer.getheader("X-Origin")), (b"picture", name))
            before = self.asked()
            again = ask(path)
            self.assertEqual((again.getheader("X-Cache"), again.getheader("X-Origin")), ("HIT", "cache"))
            self.assertEqual(self.asked(), before, f"a file of {name} that is in the cache needs nobody")

    def test_all_names_show_the_same(self) -> None:
        path = self.old.hold(self.file)
        answers = [ask(path, host=host) for host in ("media.mastodon.localhost", "files.mastodon.localhost")]
        self.assertEqual([answer.getheader("X-Cache") for answer in answers], ["MISS", "HIT"])
        self.assertEqual(ask(path, host="other.example.org").status, 421)

    def test_cached_whatever_the_query(self) -> None:
        path = self.store.hold(self.file)
        answers = [ask(path), ask(path), ask(path + "?x=1"), ask(path, "HEAD")]
        self.assertEqual([a.getheader("X-Cache") for a in answers], ["MISS", "HIT", "HIT", "HIT"])
        self.assertEqual(answers[3].getheader("Content-Length"), "7")
        self.assertEqual(self.asked(), (1, 0, 0))

    def test_head_of_a_file_that_nobody_has_seen(self) -> None:
        answer = ask(self.store.hold(self.file), "HEAD")
        self.assertEqual((answer.status, answer.content, answer.getheader("Content-Length")), (200, b"", "7"))
        self.assertEqual(self.store.asked[0].command, "GET")

    def test_ranges_conditions_and_empty_files(self) -> None:
        content = bytes(range(256)) * 4096
        path = self.old.hold(self.file, content)
        for _ in ("from the origin", "from the cache"):
            answer = ask(path, headers={"Range": "bytes=300000-300009"})
            self.assert_shown(answer, content[300000:300010], 206)
        self.assert_shown(ask(path, headers={"Range": "bytes=-7"}), content[-7:], 206)
        behind = ask(path, headers={"Range": "bytes=9999999-"})
        self.assertEqual((behind.status, behind.getheader("Content-Range")), (416, f"bytes */{len(content)}"))
        whole = ask(path)
        self.assert_shown(whole, content)
        tag = whole.getheader("ETag")
        self.assertEqual(ask(path, headers={"If-None-Match": tag}).status, 304)
        self.assertEqual(ask(path, headers={"If-Match": '"other"'}).status, 412)
        self.assert_shown(ask(path, headers={"If-Range": '"other"', "Range": "bytes=0-1"}), content)
        empty = self.store.hold(self.file + ".0", b"")
        self.assertEqual([(a.status, a.content) for a in (ask(empty), ask(empty))], [(200, b"")] * 2)

    def test_redirects_are_not_shown(self) -> None:
        self.store.behave(status=302)
        answer = ask(self.store.hold(self.file))
        self.assertEqual((answer.status, answer.getheader("Location")), (404, None))
        answer = ask(self.on_disk(self.new()).rpartition("/")[0])
        self.assertEqual((answer.status, answer.getheader("Location")), (404, None))

    def test_methods(self) -> None:
        path = self.store.hold(self.file)
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"):
            answer = ask(path, method)
            self.assertEqual((answer.status, answer.getheader("Allow")), (405, "GET, HEAD"), method)
        self.assertEqual(self.asked(), (0, 0, 0))

    def test_what_is_not_public(self) -> None:
        for path in (
            "/backups/dumps/1.zip",
            "/accounts/../backups/x",
            "/accounts/%2e%2e/backups/x",
            "//backups/x",
            "/accounts/..%2fbackups/x",
            "/cache",
            "/accounts",
            "/other/x",
            "/bucket/accounts/x",
            "/accounts/a%0d%0aHost:%20evil",
            "/accounts/a%3Fpolicy",
            "/accounts/a%20b",
            "/accounts/a%00b",
            "/accounts/a%23b",
            "/accounts/%5c..%5cbackups",
            "/accounts/a;b",
        ):
            answer = ask(path)
            # A null byte is no request at all to nginx.
            self.assertEqual(answer.status, 400 if "%00" in path else 404, path)
            self.assertNotIn("immutable", answer.getheader("Cache-Control") or "", path)
        self.assertEqual(self.asked(), (0, 0, 0))

    def test_two_requests_in_one(self) -> None:
        """What stands behind a request is answered as a request, and never reaches an origin as part of the first."""
        path = self.store.hold(self.file)
        with socket.create_connection(("127.0.0.1", 8080), timeout=5) as connection:
            head = f"GET {path} HTTP/1.1\r\nHost: media.mastodon.localhost\r\n"
            inner = "GET /backups/x HTTP/1.1\r\nHost: media.mastodon.localhost\r\nConnection: close\r\n\r\n"
            connection.sendall(f"{head}Content-Length: {len(inner)}\r\nConnection: close\r\n\r\n{inner}".encode())
            said = connection.makefile("rb").read()
        self.assertEqual((said.count(b"HTTP/1.1 200"), said.count(b"HTTP/1.1 ")), (1, 1))
        self.assertEqual(
            [(seen.path, "Content-Length" in seen.headers) for seen in self.store.asked], [("/bucket" + path, False)]
        )

    def test_index(self) -> None:
        answer = ask("/?max-keys=1")
        self.assertEqual((answer.status, answer.content), (200, b"Media of media.mastodon.localhost\n"))
        self.assertTrue(answer.getheader("Content-Type").startswith("text/plain"))

    def test_counters_are_not_for_visitors(self) -> None:
        self.assertEqual(ask("/metrics").status, 404)
        self.assertIn("nginx_media_cache_disk_full", metrics())
        connection = http.client.HTTPConnection("127.0.0.1", 8081, timeout=5)
        connection.request("GET", "/accounts/x")
        self.assertEqual(connection.getresponse().status, 404)
        connection.close()
