#!/usr/bin/env python3
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A foreign store: files of a directory, 403 for what is not there, and as much trouble as a file beside it says."""

from __future__ import annotations

import contextlib
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FILES, TROUBLE = Path("/srv/foreign"), Path("/srv/foreign.trouble")


class Handler(BaseHTTPRequestHandler):
    """Whole files only: it knows no ranges."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer, or fail."""
        trouble = TROUBLE.read_text() if TROUBLE.exists() else ""
        if trouble == "slow":
            time.sleep(5)
        file = FILES / self.path.lstrip("/")
        status = 500 if trouble == "broken" else 200 if file.is_file() else 403
        body = file.read_bytes() if status == 200 else b"<Error/>"
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        with contextlib.suppress(OSError):  # nobody waits any more
            self.wfile.write(body[: len(body) // 2] if trouble == "dies" and status == 200 else body)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Be silent."""


ThreadingHTTPServer(("127.0.0.1", 9403), Handler).serve_forever()
