# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests before have asked for is counted, and counting outlives everything that can happen to it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from case import Case, ask, metrics


class Counts(Case):
    """It is the last, because the counters lag some seconds behind."""

    def wait(self, name: str, least: float) -> dict[str, float]:
        """Return the counters as soon as one has reached a number."""
        deadline = time.monotonic() + 30
        while (found := metrics()).get(name, 0) < least:
            self.assertLess(time.monotonic(), deadline, found)
            time.sleep(0.5)
        return found

    def test_counters(self) -> None:
        name = 'nginx_media_requests_total{cache="none",status="405"}'
        before = metrics().get(name, 0)
        for _ in range(5):
            ask(self.file, "POST")
        self.wait(name, before + 5)
        found = self.wait('nginx_media_origin_answers_total{origin="disk",answer="found"}', 1)
        for origin, answer in (("store", "missing"), ("old", "forbidden"), ("b2", "found"), ("b2", "away")):
            self.assertGreater(found[f'nginx_media_origin_answers_total{{origin="{origin}",answer="{answer}"}}'], 0)
        self.assertGreater(found['nginx_media_requests_total{cache="hit",status="200"}'], 50)
        self.assertGreater(found['nginx_media_origin_seconds_total{origin="store"}'], 0)

    def test_watch_that_is_killed_comes_back(self) -> None:
        show = ["systemctl", "show", "--property=MainPID", "--value", "nginx-media-watch"]
        pid = int(subprocess.run(show, check=True, capture_output=True, text=True).stdout)
        os.kill(pid, signal.SIGKILL)
        self.assertEqual(ask(self.store.hold(self.file)).status, 200)
        deadline = time.monotonic() + 20
        while not Path("/run/nginx-media-watch/metrics").exists():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.2)
