# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the media proxy share: its four origins, and how to ask it."""

from __future__ import annotations

import http.client
import shutil
import ssl
import unittest
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path

from origins import Names, Origin

HOST = "media.mastodon.localhost"
METRICS = "http://127.0.0.1:8081/metrics"
DISK = Path("/srv/media/old")
NAMES: list[Names] = []


def ask(path, method="GET", headers=None, host=HOST):
    """Send one request, the path as it is; return the response with its body in .content."""
    connection = http.client.HTTPConnection("127.0.0.1", 8080, timeout=60)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": host, **(headers or {})}.items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        response.content = response.read()
        return response
    finally:
        connection.close()


def metrics() -> dict[str, float]:
    """What Prometheus would read."""
    with urllib.request.urlopen(METRICS, timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


class Case(unittest.TestCase):
    """Each test uses files that no other has asked for."""

    names = True

    def setUp(self) -> None:
        """Start the origins, in their order: a store, an old host that says 403, a store with TLS, a directory."""
        if self.names and not NAMES:
            NAMES.append(Names())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain("/root/b2.pem", "/root/b2.key")
        self.store = Origin(9001, missing=404, prefix="/bucket")
        self.old = Origin(9002, missing=403)
        self.b2 = Origin(9003, missing=404, tls=context)
        self.origins = (self.store, self.old, self.b2)
        for origin in self.origins:
            origin.start()
            self.addCleanup(origin.stop)
        DISK.mkdir(parents=True, exist_ok=True)
        self.addCleanup(shutil.rmtree, DISK, ignore_errors=True)
        self.file = self.new()

    def new(self, end: str = "png") -> str:
        """Return the path of a file that nobody has heard of."""
        return f"/media_attachments/files/{uuid.uuid4().hex}/original/a.{end}"

    def on_disk(self, path: str, content: bytes = b"picture") -> str:
        """Let the directory hold a file."""
        target = DISK / path.lstrip("/")
        target.parent.mkdir(parents=True)
        target.write_bytes(content)
        return path

    def holders(self) -> dict[str, Callable[..., str]]:
        """Return how each origin is given a file, by its name."""
        return {"store": self.store.hold, "old": self.old.hold, "b2": self.b2.hold, "disk": self.on_disk}

    def assert_shown(self, answer, content: bytes, status: int = 200) -> None:
        """An answer has a status and a body, which may be too long to be printed."""
        self.assertEqual(answer.status, status)
        self.assertEqual(len(answer.content), len(content))
        self.assertTrue(answer.content == content, "right length and wrong bytes")

    def asked(self) -> tuple[int, ...]:
        """Return how often each origin but the directory has been asked."""
        return tuple(len(origin.asked) for origin in self.origins)
