# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new configuration disturbs nobody."""

from __future__ import annotations

import subprocess
import threading
import time
import unittest
from pathlib import Path

from client import ask, main_pid, websocket


class Reload(unittest.TestCase):
    """Requests and websockets of the old configuration."""

    def test_a_reload_fails_nobody(self):
        answers, sockets = [], [websocket() for _ in range(20)]

        def visit():
            answers.extend(ask("mastodon.localhost", path).status for path in ("/about?wait=2", *["/about"] * 10))

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
