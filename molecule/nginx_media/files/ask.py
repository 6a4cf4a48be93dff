#!/usr/bin/env python3
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a running media proxy, and play its two origins: what they hold, how they fail, and what reached them."""

from __future__ import annotations

import http.client
import socket
import subprocess
import threading
import time
import unittest
import uuid
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HOST = "media.mastodon.localhost"


class Origin:
    """A store on a port of its own."""

    def __init__(self, port: int, missing: int) -> None:
        """Answer what is missing with the given status: 404, or 403 like a store that does not let anybody list."""
        self.port, self.missing = port, missing
        self.objects: dict[str, bytes] = {}
        self.asked: list[BaseHTTPRequestHandler] = []
        self.delay, self.broken, self.cut = 0.0, False, False
        self.server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Listen."""
        origin = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                origin.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 100

        self.server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections, as a host that is down does."""
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request with all the headers that a proxy must not believe or pass on."""
        self.asked.append(request)
        time.sleep(self.delay)
        body = self.objects.get(request.path)
        status = 500 if self.broken else self.missing if body is None else 200
        if body is not None and body.startswith(b"redirect"):
            status = 302
        body = body if body is not None else b"<Error/>"
        request.send_response(status)
        request.send_header("Content-Type", "image/png")
        request.send_header("Content-Length", str(len(body)))
        for header in (
            "Set-Cookie: a=b",
            "X-Accel-Redirect: /",
            "X-Accel-Expires: 0",
            "X-Amz-Request-Id: 1",
            "Cache-Control: no-store",
            "Access-Control-Allow-Origin: https://one.example",
            "Vary: Cookie",
            "Location: http://10.0.0.1/secret",
            "X-Cache: FORGED",
            "X-Origin: forged",
        ):
            request.send_header(*header.split(": ", 1))
        request.end_headers()
        request.wfile.write(body[: len(body) // 2] if self.cut else body)
        request.close_connection = True


def ask(path, method="GET", headers=None, host=HOST):
    """Send one request, the path as it is; return the response with its body in .content."""
    connection = http.client.HTTPConnection("127.0.0.1", 8080, timeout=30)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": host, **(headers or {})}.items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        response.content = response.read()
        return response
    finally:
        connection.close()


class Proxy(unittest.TestCase):
    """Each test uses files that no other has asked for."""

    def setUp(self):
        self.store, self.old = Origin(9001, missing=404), Origin(9002, missing=403)
        for origin in (self.store, self.old):
            origin.start()
            self.addCleanup(origin.stop)
        self.file = f"/media_attachments/files/{uuid.uuid4().hex}/original/a.png"

    def hold(self, origin, content=b"picture", path=None):
        """Let an origin hold a file; return its path on the media host."""
        path = path or self.file
        prefix = "/bucket" if origin is self.store else ""
        origin.objects[prefix + path] = content
        return path

    def asked(self):
        """Return how often each origin has been asked."""
        return len(self.store.asked), len(self.old.asked)

    def test_headers(self):
        answer = ask(self.hold(self.store))
        self.assertEqual((answer.status, answer.content), (200, b"picture"))
        for name, value in {
            "Cache-Control": "public, max-age=315576000, immutable",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; form-action 'none'",
            "Access-Control-Allow-Origin": "*",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "X-Cache": "MISS",
            "X-Origin": "store",
            "Content-Type": "image/png",
        }.items():
            self.assertEqual(answer.headers.get_all(name), [value], name)
        for name in ("Set-Cookie", "X-Accel-Redirect", "X-Amz-Request-Id", "Vary", "Location", "Retry-After", "Allow"):
            self.assertIsNone(answer.getheader(name), name)

    def test_origin_sees_the_path_and_nothing_else(self):
        ask(
            self.hold(self.store) + "?list-type=2&response-content-type=text/html",
            headers={
                "Cookie": "a=b",
                "Authorization": "Bearer c",
                "X-Forwarded-For": "192.0.2.1",
                "If-None-Match": "x",
            },
        )
        seen = self.store.asked[0]
        self.assertEqual((seen.command, seen.path), ("GET", "/bucket" + self.file))
        self.assertEqual(dict(seen.headers), {"Host": "127.0.0.1:9001"})
        ask(self.hold(self.old, path=self.file + "2"))
        self.assertEqual(self.old.asked[0].headers["Host"], "old-media.example.org")

    def test_cached_whatever_the_query(self):
        path = self.hold(self.store)
        answers = [ask(path), ask(path), ask(path + "?x=1"), ask(path, "HEAD")]
        self.assertEqual([a.getheader("X-Cache") for a in answers], ["MISS", "HIT", "HIT", "HIT"])
        self.assertEqual(answers[1].getheader("X-Origin"), "cache")
        self.assertEqual(answers[3].getheader("Content-Length"), "7")
        self.assertEqual(self.asked(), (1, 0))

    def test_order_of_origins(self):
        answer = ask(self.hold(self.old))
        self.assertEqual((answer.content, answer.getheader("X-Origin")), (b"picture", "old"))
        self.assertEqual(ask(self.file).getheader("X-Cache"), "HIT")
        self.assertEqual(self.asked(), (1, 1))

    def test_missing_is_remembered_for_a_moment(self):
        for _ in range(3):
            answer = ask(self.file)
            self.assertEqual((answer.status, answer.getheader("Cache-Control")), (404, "no-store"))
        self.assertEqual(self.asked(), (1, 1))

    def test_redirects_are_not_shown(self):
        answer = ask(self.hold(self.store, b"redirect"))
        self.assertEqual((answer.status, answer.getheader("Location")), (404, None))

    def test_ranges_and_empty_files(self):
        content = bytes(range(256)) * 4096
        path = self.hold(self.store, content)
        for _ in ("from the origin", "from the cache"):
            answer = ask(path, headers={"Range": "bytes=300000-300009"})
            self.assertEqual((answer.status, answer.content), (206, content[300000:300010]))
        self.assertEqual(ask(path).content, content)
        empty = self.hold(self.store, b"", self.file + ".0")
        self.assertEqual([(a.status, a.content) for a in (ask(empty), ask(empty))], [(200, b"")] * 2)

    def test_methods(self):
        path = self.hold(self.store)
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "PURGE"):
            answer = ask(path, method)
            self.assertEqual((answer.status, answer.getheader("Allow")), (405, "GET, HEAD"), method)
        self.assertEqual(self.asked(), (0, 0))

    def test_what_is_not_public(self):
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
        self.assertEqual(self.asked(), (0, 0))

    def test_index(self):
        answer = ask("/?max-keys=1")
        self.assertEqual((answer.status, answer.content), (200, b"Media of media.mastodon.localhost\n"))
        self.assertTrue(answer.getheader("Content-Type").startswith("text/plain"))

    def test_other_names(self):
        self.assertEqual(ask(self.hold(self.store), host="other.example.org").status, 421)
        self.assertEqual(self.asked(), (0, 0))

    def herd(self, path):
        """Ask for one file fifty times at once."""
        self.store.delay = self.old.delay = 0.3
        with ThreadPoolExecutor(50) as pool:
            return {(a.status, a.content) for a in pool.map(ask, [path] * 50)}

    def test_herd_makes_one_request(self):
        self.assertEqual(self.herd(self.hold(self.store)), {(200, b"picture")})
        self.assertEqual(self.asked(), (1, 0))

    def test_herd_on_a_missing_file_makes_one_request_each(self):
        self.assertEqual({status for status, _ in self.herd(self.file)}, {404})
        self.assertEqual(self.asked(), (1, 1))

    def test_origin_down(self):
        cached, other, unknown = self.hold(self.store), self.hold(self.old, path=self.file + ".o"), self.file + ".u"
        ask(cached)
        self.store.stop()
        self.assertEqual(ask(cached).content, b"picture")
        self.assertEqual(ask(other).content, b"picture")
        answer = ask(unknown)
        self.assertEqual(
            (answer.status, answer.getheader("Retry-After"), answer.getheader("Cache-Control")), (503, "30", "no-store")
        )
        self.store.start()
        self.assertEqual(ask(self.hold(self.store, path=unknown)).content, b"picture")

    def test_copy_that_has_expired(self):
        shown, deleted = self.hold(self.old), self.hold(self.old, path=self.file + ".d")
        self.assertEqual([ask(path).status for path in (shown, deleted)], [200, 200])
        self.old.objects.clear()
        deadline = time.monotonic() + 60
        while ask(deleted).status == 200 and time.monotonic() < deadline:
            time.sleep(0.2)
        self.assertEqual(ask(deleted).status, 404)
        self.store.stop()
        self.old.stop()
        answer = ask(shown)
        self.assertEqual((answer.content, answer.getheader("X-Cache")), (b"picture", "STALE"))

    def test_origin_broken_or_silent(self):
        self.store.broken = True
        self.assertEqual(ask(self.file).status, 503)
        self.store.broken, self.store.delay = False, 5
        self.assertEqual(ask(self.hold(self.old, path=self.file + ".o")).content, b"picture")

    def test_origin_dies_in_the_middle_of_a_file(self):
        path = self.hold(self.store, b"x" * 200_000)
        self.hold(self.old, b"y" * 200_000)
        self.store.cut = True
        with self.assertRaises(http.client.IncompleteRead):
            ask(path)
        self.store.cut = False
        self.assertEqual(ask(path).content, b"x" * 200_000)

    def test_stock_nginx_stays_off(self):
        state = subprocess.run(["systemctl", "is-enabled", "nginx"], check=False, capture_output=True, text=True)
        self.assertEqual(state.stdout.strip(), "masked")
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.1", 80), timeout=5).close()

    def test_process_is_nobody(self):
        pid = Path("/run/nginx-media/nginx.pid").read_text().strip()
        status = Path(f"/proc/{pid}/status").read_text()
        self.assertIn("CapEff:\t0000000000000000", status)
        self.assertNotIn("Uid:\t0", status)


if __name__ == "__main__":
    unittest.main()
