# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before any DNS server answers: nginx is there, and an origin whose name nobody knows is one that is away."""

from __future__ import annotations

import socket
import subprocess
import unittest
from pathlib import Path

from case import Case, ask


class Boot(Case):
    """It has to be the first, because nginx remembers names."""

    names = False

    def test_name_that_nobody_knows(self) -> None:
        self.on_disk(self.file)
        answer = ask(self.file)
        self.assertEqual((answer.content, answer.getheader("X-Origin")), (b"picture", "disk"))
        answer = ask(self.new())
        self.assertEqual((answer.status, answer.getheader("Retry-After")), (503, "30"))


class Host(unittest.TestCase):
    """What is on the host."""

    def test_stock_nginx_stays_off(self) -> None:
        state = subprocess.run(["systemctl", "is-enabled", "nginx"], check=False, capture_output=True, text=True)
        self.assertEqual(state.stdout.strip(), "masked")
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.1", 80), timeout=5).close()

    def test_process_is_nobody(self) -> None:
        pid = Path("/run/nginx-media/nginx.pid").read_text().strip()
        status = Path(f"/proc/{pid}/status").read_text()
        self.assertIn("CapEff:\t0000000000000000", status)
        self.assertNotIn("Uid:\t0", status)
