#!/usr/bin/env python3
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a running Caddy for certificates of an authority that comes, goes and believes one proof at a time."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import ssl
import subprocess
import threading
import time
import unittest
import urllib.request
from pathlib import Path

ROOT = Path("/run/acme-root.pem")
NAME = "one.acme.test"


def run(*command: str) -> str:
    """Run a program and return what it said."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def authority(*ports: int) -> None:
    """Let the authority run, and reach these ports of ours only; trust the root that it has made."""
    run("systemctl", "start", "pebble.service")
    closed = ", ".join(str(port) for port in {80, 443} - set(ports))
    rule = f"meta skuid proxy tcp dport {{ {closed} }} reject with tcp reset;"
    table = f"table inet ask {{ chain output {{ type filter hook output priority 0; {rule} }}; }}"
    subprocess.run(["nft", "-f", "-"], check=True, text=True, input=f"table inet ask\ndelete table inet ask\n{table}\n")
    own = ssl.create_default_context(cafile="/etc/pebble/ca.pem")
    for _ in range(50):
        with contextlib.suppress(OSError):
            ROOT.write_bytes(urllib.request.urlopen("https://127.0.0.1:15000/roots/0", context=own).read())
            return
        time.sleep(0.2)
    raise AssertionError("the authority does not answer")


def certificate(name: str = NAME) -> dict:
    """Return what a client that trusts the authority learns of the certificate."""
    trust = ssl.create_default_context(cafile=str(ROOT) if ROOT.exists() else None)
    plain = socket.create_connection(("127.0.0.1", 443), timeout=5)
    with trust.wrap_socket(plain, server_hostname=name) as connection:
        return connection.getpeercert()


def wait_for_certificate(name: str, seconds: int, other_than: str = "") -> dict:
    """Return the certificate as soon as there is a new one."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            found = certificate(name)
            if found["serialNumber"] != other_than:
                return found
        time.sleep(0.5)
    raise AssertionError(f"no new certificate for {name} within {seconds} s")


def proofs(since: float) -> str:
    """Return what Caddy said about the proofs that it showed."""
    lines = run("journalctl", "--unit=caddy", "--no-pager", "--output=cat", f"--since=@{since:.0f}")
    return "\n".join(line for line in lines.splitlines() if "challenge" in line)


class Away(unittest.TestCase):
    """The authority has never answered so far, and the role has run three times. Now the host boots."""

    def test_service_is_up_without_a_certificate(self):
        run("systemctl", "restart", "caddy.service")
        self.assertEqual(run("systemctl", "is-active", "caddy.service").strip(), "active")
        with self.assertRaises(OSError):
            certificate()
        connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=5)
        connection.request("GET", "/", headers={"Host": NAME})
        self.assertEqual(connection.getresponse().status, 301)
        connection.close()


class Http(unittest.TestCase):
    """The authority is there, and believes port 80 only."""

    def test_site_comes_up_by_itself(self):
        since = time.time()
        started = main_pid()
        authority(80)
        found = wait_for_certificate(NAME, 240)
        self.assertEqual(found["subjectAltName"], (("DNS", NAME),))
        self.assertIn("http-01", proofs(since))
        self.assertEqual(main_pid(), started)

    def test_the_site_is_a_directory_with_its_headers(self):
        connection = http.client.HTTPSConnection(NAME, context=ssl.create_default_context(cafile=str(ROOT)))
        connection.sock = connection._context.wrap_socket(
            socket.create_connection(("127.0.0.1", 443)), server_hostname=NAME
        )
        answers = {}
        for path in ("/", "/.env", "/../.env", "/nothing"):
            connection.request("GET", path)
            answer = connection.getresponse()
            answers[path] = answer.status, answer.read(), answer.headers
        connection.close()
        self.assertIn(b"All is well", answers["/"][1])
        self.assertEqual(answers["/"][2]["X-Content-Type-Options"], "nosniff")
        self.assertEqual(answers["/"][2]["Strict-Transport-Security"], "max-age=63072000")
        self.assertEqual([answers[path][0] for path in ("/.env", "/../.env", "/nothing")], [404, 404, 404])


class Alpn(unittest.TestCase):
    """The authority cannot reach port 80 any more. The certificate is about to end."""

    def test_renewal_is_not_noticed(self):
        authority(443)
        since = time.time()
        serials = [certificate()["serialNumber"]]
        seen: list = []
        done = threading.Event()

        def visit():
            while not done.wait(0.05):
                try:
                    seen.append(certificate()["serialNumber"])
                except OSError as error:
                    seen.append(repr(error))

        visitor = threading.Thread(target=visit)
        visitor.start()
        try:
            # One renewal may have been under way by port 80 when that was closed.
            while len(serials) < 2 or (len(serials) < 3 and "tls-alpn-01" not in proofs(since)):
                serials.append(wait_for_certificate(NAME, 120, other_than=serials[-1])["serialNumber"])
            time.sleep(1)
        finally:
            done.set()
            visitor.join()
        self.assertEqual(set(seen), set(serials), "a visitor was refused")
        self.assertGreater(len(seen), 20)
        self.assertIn("tls-alpn-01", proofs(since))


class Dns(unittest.TestCase):
    """The authority reaches the name server only."""

    def test_certificate_without_an_open_port(self):
        since = time.time()
        authority()
        found = wait_for_certificate("two.acme.test", 180)
        self.assertEqual(found["subjectAltName"], (("DNS", "two.acme.test"),))
        self.assertIn("dns-01", proofs(since - 60))
        for _ in range(50):
            left = run("dig", "+short", "@127.0.0.1", "TXT", "_acme-challenge.two.acme.test")
            if not left:
                break
            time.sleep(0.2)
        self.assertEqual(left, "", "the proof is still in the zone")

    def test_key_is_for_the_service_alone(self):
        key = re.search(r'secret "(.*?)"', Path("/etc/bind/named.conf").read_text())[1]
        env = Path("/etc/caddy/acme-dns.env")
        self.assertIn(key, env.read_text())
        self.assertEqual((env.stat().st_mode & 0o777, env.stat().st_uid), (0o600, 0))
        for file in ("/etc/caddy/Caddyfile", "/etc/systemd/system/caddy.service"):
            self.assertNotIn(key, Path(file).read_text())
        self.assertNotIn(key, run("systemctl", "show", "caddy.service"))
        journal = run("journalctl", "--unit=caddy", "--no-pager", "--output=cat")
        self.assertNotIn(key, journal)
        everywhere = run("sh", "-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'")
        self.assertNotIn(key, everywhere)


def main_pid() -> str:
    """Return the process id of the service."""
    return run("systemctl", "show", "--value", "--property=MainPID", "caddy.service").strip()


if __name__ == "__main__":
    unittest.main()
