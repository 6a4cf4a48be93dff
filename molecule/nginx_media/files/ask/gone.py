# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects that a database, a store and old origins hold or no longer hold, for the questions about what is gone."""

from __future__ import annotations

import itertools
import json
import subprocess
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
from case import HOST, Case, ask
from origins import Origin

SECRET = {"X-Bust-Secret": "molecule-secret-of-busts"}
NAMES = (HOST, "files.mastodon.localhost")
# For which each of nginx's workers remembers what it has found on the disk, and a little.
SECOND = 1.2
STORE = boto3.client(
    "s3",
    endpoint_url="https://127.0.0.1:9000",
    region_name="eu-test-1",
    aws_access_key_id="janitor",
    aws_secret_access_key="molecule-secret-of-the-janitor",
    verify="/etc/nginx-media/ca/own.pem",
)
IDS = itertools.count(115_000_000_000_000_000 + int(time.time() * 1000))


def run(*words: str, text: str = "", check: bool = True) -> str:
    """Run a command; return what it says."""
    done = subprocess.run(words, input=text, check=False, capture_output=True, text=True)
    if check and done.returncode:
        raise AssertionError(f"{words}: {done.stderr}")
    return done.stdout


def sql(text: str) -> None:
    """Change the database, as its owner."""
    run("runuser", "-u", "postgres", "--", "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "instance", text=text)


def command(*words: str) -> dict[str, object]:
    """Ask the service the way people do."""
    return json.loads(run("nginx-media-gone", *words))


class Recorder:
    """A server that says yes, and remembers what it was asked."""

    def __init__(self, port: int) -> None:
        """Listen."""
        self.asked: list[tuple[str, str, dict[str, str], str]] = []
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
                recorder.asked.append((self.command, self.path, dict(self.headers), body))
                self.send_response(204)
                self.end_headers()

            def do_PURGE(self) -> None:
                self.do_POST()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections."""
        self.server.shutdown()
        self.server.server_close()

    def paths(self) -> list[str]:
        """Return the paths that it was asked for."""
        return [path for _, path, _, _ in self.asked]


class Gone(Case):
    """Origins hold what they are given; the database says which of it is left."""

    def setUp(self) -> None:
        """Begin with a file that has an id, as Mastodon's have."""
        super().setUp()
        self.number = next(IDS)
        self.file = self.path()

    def path(self, kind: str = "media_attachments/files", style: str = "original", end: str = "png") -> str:
        """Return the path of one of the object's files."""
        digits = str(self.number)
        groups = "/".join(digits[start : start + 3] for start in range(0, len(digits) - 2, 3))
        return f"/{kind}/{groups}/{style}/0123456789abcdef.{end}"

    def wait(self, what: Callable[[], object], seconds: float = 10) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    def bust(self, path: str, **headers: str) -> int:
        """Say what Mastodon says."""
        return ask(path, "PURGE", {**SECRET, **headers}).status

    def exists(self, *numbers: int) -> None:
        """Let media attachments be in the database."""
        sql("".join(f"INSERT INTO media VALUES ({number});" for number in numbers or (self.number,)))

    def hide(self, kind: str = "media_attachments/files") -> None:
        """Let a moderator take it down; it is kept, for an appeal."""
        sql(f"INSERT INTO media VALUES ({self.number}) ON CONFLICT DO NOTHING")
        sql(f"INSERT INTO hidden VALUES ('{kind}', {self.number}, '0123456789abcdef.png')")

    def show(self) -> None:
        """Let the moderator change her mind."""
        sql(f"DELETE FROM hidden WHERE id = {self.number}")

    def assert_gone(self, path: str) -> None:
        """Nobody gets it, by whatever name, and nobody remembers that."""
        for host in NAMES:
            answer = ask(path, host=host)
            self.assertEqual((answer.status, answer.getheader("Cache-Control")), (404, "no-store"))

    def keep(self, path: str, origin: Origin, content: bytes = b"picture") -> str:
        """Have a file at an origin and in the cache."""
        origin.hold(path, content)
        self.assert_shown(ask(path), content)
        self.assertEqual(ask(path).getheader("X-Cache"), "HIT")
        return path

    def in_store(self, path: str) -> bool:
        """Tell whether the real store has an object."""
        found = STORE.list_objects_v2(Bucket="media", Prefix=path.lstrip("/"))
        return found["KeyCount"] > 0

    def keep_in_store(self, path: str) -> None:
        """Have a file in the real store."""
        STORE.put_object(Bucket="media", Key=path.lstrip("/"), Body=b"picture", ContentType="image/png")
        self.assertTrue(self.in_store(path))
