# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The socket: nginx hands on busts from outside, with the method PURGE alone; people of this host ask for the rest."""

from __future__ import annotations

import hmac
import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from media_gone import paths
from media_gone.service import Service, log


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    server: Server

    def do_PURGE(self) -> None:
        """Answer a bust."""
        service = self.server.service
        secret = service.settings["bust_secret"]
        given = self.headers.get(service.settings["bust_header"], "")
        if not secret or not hmac.compare_digest(given.encode(), secret.encode()):
            service.counts["refused"] += 1
            log(f"refused a bust {'with a wrong secret' if given else 'without the secret'}: {self.path}")
            self._answer(403)
            return
        try:
            path = paths.clean(self.path)
            service.bust(path, forwarded="X-Bust-Forwarded" in self.headers)
        except ValueError:
            self._answer(404)
            return
        self._answer(204)

    def do_POST(self) -> None:
        """Answer somebody on this host."""
        try:
            question = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
            answer = self._do(self.path.lstrip("/"), question)
        except (ValueError, KeyError, OSError) as error:
            self._answer(400, {"error": str(error)})
            return
        self._answer(200, answer)

    def _do(self, action: str, question: dict[str, Any]) -> dict[str, Any]:
        service = self.server.service
        if action == "status":
            return service.status()
        if action == "flush":
            return {"flushed": service.flush(question["key"])}
        path = paths.clean(question["key"])
        if not paths.is_public(path, service.settings["public_prefixes"]):
            raise ValueError(f"{path} is shown to nobody: it is below none of the public prefixes")
        if action == "delete":
            service.delete(path)
            return {"deleted": path}
        if action == "restore":
            return {"restored": service.restore(path)}
        raise ValueError(f"nobody knows how to {action}")

    def _answer(self, status: int, content: dict[str, Any] | None = None) -> None:
        body = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing: what matters is logged where it happens, and without the secret."""


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Listens for as long as the process lives."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, file: Path, service: Service) -> None:
        """Bind; a socket that a killed process has left is replaced."""
        file.unlink(missing_ok=True)
        self.service = service
        super().__init__(str(file), _Handler)

    def start(self) -> None:
        """Answer, in the background."""
        threading.Thread(target=self.serve_forever, daemon=True).start()
