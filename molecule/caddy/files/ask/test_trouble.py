# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What visitors see while the app is away, hangs or is slow."""

from __future__ import annotations

import subprocess
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from client import TOKEN, ask, quick, timed


def moody(signal: str) -> None:
    """Stop an upstream in the middle of its work, or let it go on."""
    subprocess.run(["systemctl", "kill", f"--signal=SIG{signal}", "moody.service"], check=True)


class Trouble(unittest.TestCase):
    """The app's site on a bad day."""

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

    def test_only_pages_are_given_up_soon(self):
        # caddy_page_seconds is 3, caddy_response_timeout 6 s; what is asked for takes as long as it says.
        wanted = {
            ("GET", "/about?wait=2"): (200, 2),
            ("GET", "/about?wait=9"): (504, 3),
            ("HEAD", "/about?wait=9"): (504, 3),
            ("GET", "/api/v1/timelines/public?wait=9"): (504, 3),
            ("POST", "/api/v2/media?wait=5"): (200, 5),
            ("POST", "/inbox?wait=9"): (504, 6),
            ("GET", "/auth/auth/openid_connect/callback?wait=5"): (200, 5),
            ("GET", "/settings/exports/follows.csv?wait=5"): (200, 5),
            ("GET", "/media_proxy/1/original?wait=9"): (504, 6),
        }
        with ThreadPoolExecutor(len(wanted)) as visitors:
            answers = visitors.map(lambda each: timed("mastodon.localhost", each[1], each[0]), wanted)
            for (asked, (status, seconds)), (got, took) in zip(wanted.items(), answers):
                self.assertEqual(got, status, asked)
                self.assertTrue(seconds <= took < seconds + 2.5, f"{asked} took {took:.1f} s")

    def test_nobody_waits_twice(self):
        status, took = timed("twins.localhost", "/about?wait=9")
        self.assertEqual(status, 504)
        self.assertLess(took, 5.5)
        # Given up at one of two, which is left out for a moment; nobody is refused.
        self.assertEqual({ask("twins.localhost", "/about").status for _ in range(5)}, {200})

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
