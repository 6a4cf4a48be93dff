# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all sites share."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
import unittest
from pathlib import Path

from client import TOKEN, ask, main_pid, tls, websocket


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
        for name in ("unknown.example", "origin.mastodon.localhost"):
            self.assertEqual(self.plain(name), b"", name)
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
        led = ask(
            "mastodon.localhost", "/oauth/authorize?code=" + TOKEN, headers={"Referer": f"https://a.example/{TOKEN}"}
        )
        self.assertIn(TOKEN, led.getheader("Location"))
        ask("mastodon.localhost", "/about", headers={"User-Agent": "a browser"})
        access = Path("/var/log/caddy/access.log").read_text()
        self.assertIn('"/about?code=REDACTED"', access)
        self.assertIn('"user_agent":"a browser"', access)
        self.assertNotIn(TOKEN, access)
        command = ["journalctl", "--unit=caddy", "--no-pager"]
        journal = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        self.assertIn("connection refused", journal)
        self.assertNotIn(TOKEN, journal)
        # People's addresses have a time to live, in the access log alone.
        self.assertIn('"client_ip":"127.0.0.1"', access)
        self.assertNotIn("client_ip", journal)
