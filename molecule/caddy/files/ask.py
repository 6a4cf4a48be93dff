#!/usr/bin/env python3
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a running Caddy what it lets through and what it refuses. CA_FILE names the root that must have signed."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import socket
import ssl
import subprocess
import threading
import time
import unittest
from pathlib import Path

TRUST = ssl.create_default_context(cafile=os.environ["CA_FILE"])
SIGNED = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=key%2F20261123&X-Amz-Signature=abc"
TOKEN = "token-that-no-log-may-hold"


def tls(host: str, source: str = "127.0.0.1") -> ssl.SSLSocket:
    """Connect to the front as the given address, and verify its certificate for the name."""
    plain = socket.create_connection(("127.0.0.1", 443), timeout=30, source_address=(source, 0))
    return TRUST.wrap_socket(plain, server_hostname=host)


def ask(host, path="/", method="GET", headers=None, body=None, source="127.0.0.1", sni=None):
    """Send one request over TLS; return the response with its body in .content and, when it is JSON, in .seen."""
    connection = http.client.HTTPSConnection(host)
    connection.sock = tls(sni or host, source)
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

    def test_errors_of_the_app_pass(self):
        answer = ask("mastodon.localhost", "/broken")
        self.assertEqual((answer.status, answer.seen["path"]), (500, "/broken"))

    def test_app_away(self):
        page = ask("away.localhost", "/about?code=" + TOKEN)
        # 502 while it tries, 503 since it knows.
        self.assertIn(page.status, (502, 503))
        self.assertEqual((page.getheader("Cache-Control"), page.getheader("Retry-After")), ("no-store", "30"))
        self.assertIn(b"away.localhost is being restarted", page.content)
        self.assertIn(b"{ font:", page.content)
        program = ask("away.localhost", "/api/v1/timelines/public")
        self.assertIn(program.status, (502, 503))
        self.assertEqual(program.getheader("Content-Type"), "application/json")
        self.assertIn("error", program.seen)

    def test_app_hangs(self):
        self.assertEqual(ask("mastodon.localhost", "/hang").status, 504)

    def test_one_of_two_is_dead(self):
        self.assertEqual({ask("pair.localhost", "/about").status for _ in range(10)}, {200})

    def test_a_hanging_app_is_given_up(self):
        moody("STOP")
        try:
            begun = time.monotonic()
            self.until(15, lambda: quick("moody.localhost") == 503)
            self.assertLess(time.monotonic() - begun, 15)
            # The other one of a pair works on, and nobody waits for the one that hangs.
            self.assertEqual({quick("moody-pair.localhost") for _ in range(20)}, {200})
        finally:
            moody("CONT")
        self.until(15, lambda: quick("moody.localhost") == 200)
        ports = set()
        self.until(15, lambda: ports.add(ask("moody-pair.localhost", "/about").seen["port"]) or ports == {3000, 3001})

    def test_an_address_that_comes_late(self):
        self.assertIn(quick("late.localhost"), (502, 503))
        subprocess.run(["ip", "address", "add", "10.99.0.1/32", "dev", "lo"], check=True)
        upstream = subprocess.Popen(["/usr/local/bin/upstream", "10.99.0.1:3000"])
        try:
            self.until(15, lambda: quick("late.localhost") == 200)
        finally:
            upstream.kill()
            upstream.wait()
            subprocess.run(["ip", "address", "del", "10.99.0.1/32", "dev", "lo"], check=True)

    def until(self, seconds, true):
        """Wait until something is true."""
        end = time.monotonic() + seconds
        while not true():
            self.assertLess(time.monotonic(), end, f"not within {seconds} s")
            time.sleep(0.2)

    def test_uploads_of_old(self):
        answer = ask("mastodon.localhost", "/system/media_attachments/files/1/a.png?x=y")
        self.assertEqual(
            (answer.status, answer.getheader("Location"), answer.getheader("Access-Control-Allow-Origin")),
            (301, "https://media.mastodon.localhost/media_attachments/files/1/a.png?x=y", "*"),
        )
        self.assertIn(ask("away.localhost", "/system/a.png").status, (502, 503))

    def test_a_reload_fails_nobody(self):
        answers, sockets = [], [websocket() for _ in range(20)]

        def visit():
            answers.extend(ask("mastodon.localhost", path).status for path in ("/slow", *["/about"] * 10))

        visitors = [threading.Thread(target=visit) for _ in range(5)]
        for visitor in visitors:
            visitor.start()
        time.sleep(0.5)
        subprocess.run(["systemctl", "reload", "caddy.service"], check=True)
        for visitor in visitors:
            visitor.join()
        self.assertEqual((len(answers), set(answers)), (55, {200}))
        for connection in sockets:
            connection.sendall(b"hello\n")
            self.assertEqual(connection.recv(64), b"hello\n")
            connection.close()

    def test_websocket_outlives_a_reload(self):
        connection = websocket()
        subprocess.run(
            [
                "/usr/local/bin/caddy",
                "reload",
                "--force",
                "--config",
                "/etc/caddy/Caddyfile",
                "--adapter",
                "caddyfile",
                "--address",
                "unix//run/caddy/admin.sock",
            ],
            check=True,
            capture_output=True,
            env=dict(
                line.split("=", 1)
                for line in Path(f"/proc/{main_pid()}/environ").read_text().split("\0")
                if "=" in line
            ),
        )
        connection.sendall(b"hello\n")
        self.assertEqual(connection.recv(64), b"hello\n")
        connection.close()


def quick(host: str) -> int:
    """Return the status of an answer that comes within a second, 0 for one that does not."""
    begun = time.monotonic()
    status = ask(host, "/about").status
    return status if time.monotonic() - begun < 1 else 0


def moody(signal: str) -> None:
    """Stop an upstream in the middle of its work, or let it go on."""
    subprocess.run(["systemctl", "kill", f"--signal=SIG{signal}", "moody.service"], check=True)


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

    def test_header_does_not_make_a_writer(self):
        forged = {"X-Forwarded-For": "127.0.0.2", "Forwarded": "for=127.0.0.2"}
        self.assertEqual(ask(self.host, "/mastodon-media/a", "PUT", forged, b"x").status, 403)

    def test_signed_links(self):
        path = "/mastodon-media/backups/dumps/1/a%20b.zip?" + SIGNED
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


class Front(unittest.TestCase):
    """What all sites share."""

    def plain(self, host: str) -> bytes:
        """Return what port 80 says to a request for the host."""
        with socket.create_connection(("127.0.0.1", 80), timeout=10) as connection:
            connection.sendall(f"GET /a?b=c HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            try:
                return connection.recv(4096)
            except ConnectionResetError:
                return b""

    def test_http_leads_to_https(self):
        answer = self.plain("media.mastodon.localhost")
        self.assertTrue(answer.startswith(b"HTTP/1.1 301"), answer)
        self.assertIn(b"\r\nLocation: https://media.mastodon.localhost/a?b=c\r\n", answer)

    def test_unknown_names_get_nothing(self):
        self.assertEqual(self.plain("unknown.example"), b"")
        with self.assertRaises(ssl.SSLError):
            tls("unknown.example")
        with self.assertRaises((http.client.RemoteDisconnected, ConnectionResetError)):
            ask("unknown.example", sni="mastodon.localhost")

    def test_redirect_keeps_the_path(self):
        for host in ("www.localhost", "handles.localhost"):
            answer = ask(host, "/.well-known/webfinger?resource=acct:a@handles.localhost")
            self.assertEqual(answer.status, 301)
            self.assertEqual(
                answer.getheader("Location"),
                "https://mastodon.localhost/.well-known/webfinger?resource=acct:a@handles.localhost",
            )
            self.assertEqual(answer.getheader("Access-Control-Allow-Origin"), "*")

    def test_domain_of_the_handles(self):
        for path in ("/", "/@owner", "/.well-known/security.txt"):
            answer = ask("handles.localhost", path)
            self.assertEqual((answer.status, answer.getheader("Location")), (302, f"https://blog.localhost{path}"))
            self.assertIsNone(answer.getheader("Access-Control-Allow-Origin"))

    def test_one_site_has_its_own_certificate(self):
        issuers = []
        for name in ("origin.localhost", "www.localhost"):
            own = ssl.create_default_context(cafile="/etc/ssl/edge/origin.crt")
            own.load_verify_locations(os.environ["CA_FILE"])
            with own.wrap_socket(socket.create_connection(("127.0.0.1", 443)), server_hostname=name) as connection:
                issuers.append(str(connection.getpeercert()["issuer"]))
        self.assertIn("origin.localhost", issuers[0])
        self.assertNotIn("origin.localhost", issuers[1])

    def test_admin_interface_has_no_port(self):
        for address in ("127.0.0.1", "::1"):
            with self.assertRaises(OSError):
                socket.create_connection((address, 2019), timeout=5).close()
        self.assertEqual(Path("/run/caddy/admin.sock").stat().st_mode & 0o777, 0o600)

    def test_http3_is_offered(self):
        self.assertIn("h3=", ask("mastodon.localhost").getheader("Alt-Svc"))
        with self.assertRaises(OSError), socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as taken:
            taken.bind(("::", 443))

    def test_process_is_nobody(self):
        status = Path(f"/proc/{main_pid()}/status").read_text()
        self.assertIn("CapEff:\t0000000000000400", status)
        self.assertNotIn("Uid:\t0", status)

    def test_logs_hold_requests_but_no_tokens(self):
        websocket().close()
        ask("away.localhost", "/about?code=" + TOKEN)
        access = Path("/var/log/caddy/access.log").read_text()
        self.assertIn('"/about?code=REDACTED"', access)
        self.assertNotIn(TOKEN, access)
        command = ["journalctl", "--unit=caddy", "--no-pager"]
        journal = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        self.assertIn("connection refused", journal)
        self.assertNotIn(TOKEN, journal)


def main_pid() -> str:
    """Return the process id of the service."""
    command = ["systemctl", "show", "--value", "--property=MainPID", "caddy.service"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    unittest.main()
