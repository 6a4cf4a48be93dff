# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Origins to play with: what they hold, how they fail, and what reached them; and the DNS server that knows one."""

from __future__ import annotations

import contextlib
import hashlib
import re
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# What an origin says and a proxy must neither believe nor pass on.
LIES = (
    "Set-Cookie: a=b",
    "X-Accel-Redirect: /",
    "X-Accel-Expires: 0",
    "X-Amz-Request-Id: 1",
    "X-Bz-File-Name: secret",
    "Cache-Control: no-store",
    "Access-Control-Allow-Origin: https://one.example",
    "Vary: Cookie",
    "Location: http://10.0.0.1/secret",
    "X-Cache: FORGED",
    "X-Origin: forged",
)
RANGE = re.compile(r"bytes=(\d+)-(\d*)\Z")


class Origin:
    """A server on a port of its own."""

    def __init__(self, port: int, missing: int, prefix: str = "", tls: ssl.SSLContext | None = None) -> None:
        """Answer what is missing with the given status: 404, or 403 like a store that does not let anybody list."""
        self.port, self.missing, self.prefix, self.tls = port, missing, prefix, tls
        self.objects: dict[str, bytes] = {}
        self.asked: list[BaseHTTPRequestHandler] = []
        self.server: ThreadingHTTPServer | None = None
        self.behave()

    def behave(self, status: int = 0, delay: float = 0.0, cut: bool = False, drip: float = 0.0) -> None:
        """Answer everything with a status; wait before; break off in the middle; wait in the middle."""
        self.status, self.delay, self.cut, self.drip = status, delay, cut, drip
        self.ranges, self.sized = True, True

    def start(self) -> None:
        """Listen."""
        origin = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                with contextlib.suppress(OSError):
                    origin.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 200
            daemon_threads = True

            def finish_request(self, request, address) -> None:
                if origin.tls:
                    with origin.tls.wrap_socket(request, server_side=True) as wrapped:
                        super().finish_request(wrapped, address)
                else:
                    super().finish_request(request, address)

            def handle_error(self, *_: object) -> None:
                pass

        self.server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections, as a host that is down does."""
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def hold(self, path: str, content: bytes = b"picture") -> str:
        """Have a file; return its path on the media host."""
        self.objects[self.prefix + path] = content
        return path

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        self.asked.append(request)
        time.sleep(self.delay)
        body = self.objects.get(request.path)
        status = self.status or (self.missing if body is None else 200)
        body = b"<Error/>" if body is None or status != 200 else body
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        part = self.ranges and status == 200 and RANGE.match(request.headers.get("Range", ""))
        if status == 200 and request.headers.get("If-None-Match") == tag:
            status, body = 304, b""
        elif part and int(part[1]) >= len(body):
            status, body = 416, b"<Error/>"
        elif part:
            start, whole = int(part[1]), len(body)
            body = body[start : int(part[2] or whole) + 1]
            status = 206
        request.send_response(status)
        if status == 206:
            request.send_header("Content-Range", f"bytes {start}-{start + len(body) - 1}/{whole}")
        request.send_header("Content-Type", "image/png")
        request.send_header("ETag", tag)
        if self.sized:
            request.send_header("Content-Length", str(len(body)))
        for header in LIES:
            request.send_header(*header.split(": ", 1))
        request.send_header("Connection", "close")
        request.end_headers()
        half = len(body) // 2
        request.wfile.write(body[:half])
        time.sleep(self.drip)
        if not (self.cut and status in (200, 206)):
            request.wfile.write(body[half:])
        request.close_connection = True


class Names(threading.Thread):
    """A DNS server that knows every name, as 127.0.0.1."""

    def __init__(self) -> None:
        """Bind."""
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        self.start()

    def run(self) -> None:
        """Answer questions for an IPv4 address; there is no other."""
        while True:
            question, peer = self.socket.recvfrom(512)
            end = question.index(b"\0", 12) + 5
            wants_address = question[end - 4 : end - 2] == b"\0\1"
            head = question[:2] + b"\x81\x80\0\1" + (b"\0\1" if wants_address else b"\0\0") + b"\0\0\0\0"
            answer = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4\x7f\0\0\1" if wants_address else b""
            self.socket.sendto(head + question[12:end] + answer, peer)
