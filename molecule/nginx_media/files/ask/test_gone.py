# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is deleted stays deleted, and what moderators took down is not shown: with a real database and a real store."""

from __future__ import annotations

import itertools
import json
import subprocess
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
from case import HOST, Case, ask, metrics
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


class Busts(Gone):
    """Cache busts."""

    def test_who_may_not(self) -> None:
        self.keep(self.file, self.old)
        self.assertEqual(ask(self.file, "PURGE").status, 403)
        self.assertEqual(self.bust(self.file, **{"X-Bust-Secret": "molecule-secret-of-bust"}), 403)
        self.assertEqual(self.bust(self.file, **{"X-Bust-Secret": ""}), 403)
        for method in ("DELETE", "POST", "PUT"):
            self.assertEqual(ask(self.file, method, SECRET).status, 405)
        self.assertEqual(ask("/backups/dumps/x/y", "PURGE", SECRET).status, 404)
        self.assertEqual(ask("/media_attachments/../backups/dumps/y", "PURGE", SECRET).status, 404)
        self.assertEqual(ask(self.file).getheader("X-Cache"), "HIT")
        said = run("journalctl", "-u", "nginx-media*", "--no-pager", "-o", "cat")
        self.assertIn(f"refused a bust with a wrong secret: {self.file}\n", said)
        self.assertIn(f"refused a bust without the secret: {self.file}\n", said)
        self.assertNotIn("molecule-secret", said)

    def test_deleted_for_ever(self) -> None:
        """An old origin still has it; the cache is emptied, nginx and the service start anew."""
        small = self.old.hold(self.path(style="small"))
        self.number = next(IDS)
        video = self.path(end="mp4")
        for path in (self.file, video):
            self.keep(path, self.old, b"x" * 2_500_000)
            self.assertEqual(self.bust(path), 204)
            self.wait(lambda path=path: ask(path).status == 404)
        command("flush", "--all")
        run("systemctl", "restart", "nginx-media", "nginx-media-gone")
        before = self.asked()
        for path in (self.file, video, small):
            self.assert_gone(path)
        self.assertEqual(self.asked(), before, "nobody is asked for what is gone, nor for another size of it")
        self.wait(lambda: Path("/run/nginx-media-gone/socket").exists())
        self.assertEqual(command("restore", self.file), {"restored": True})
        self.wait(lambda: ask(self.file).status == 200)

    def test_deleted_in_the_store(self) -> None:
        self.old.hold(self.file)
        self.keep_in_store(self.file)
        self.assertEqual(self.bust(self.file), 204)
        self.wait(lambda: not self.in_store(self.file))
        self.assert_gone(self.file)

    def test_store_that_is_down(self) -> None:
        """The deletion waits, also for a service that was killed in the meantime."""
        self.keep_in_store(self.file)
        run("systemctl", "stop", "minio")
        try:
            self.assertEqual(self.bust(self.file), 204)
            self.wait(lambda: command("status")["open"]["delete:own"] == 1)
            self.assert_gone(self.file)
            run("systemctl", "kill", "--signal=KILL", "nginx-media-gone")
        finally:
            run("systemctl", "start", "minio")
        self.wait(lambda: Path("/run/nginx-media-gone/socket").exists(), 30)
        self.wait(lambda: command("status")["open"]["delete:own"] == 0, 30)
        self.assertFalse(self.in_store(self.file))

    def test_changed_and_still_there(self) -> None:
        """Permissions have changed: what the origin says now is shown."""
        self.exists()
        for path in (self.file, self.path(end="mp4")):
            self.keep(path, self.old, b"x" * 2_500_000)
            self.old.hold(path, b"y" * 2_500_000)
            self.assertEqual(self.bust(path), 204)
            self.wait(lambda path=path: ask(path).content[:1] == b"y")
            time.sleep(SECOND)
            self.assert_shown(ask(path), b"y" * 2_500_000)
        self.assertGreaterEqual(command("status")["open"]["decide"], 2, "both are looked at again")

    def test_deleted_in_a_transaction_that_ends_later(self) -> None:
        self.exists()
        self.keep(self.file, self.old)
        self.assertEqual(self.bust(self.file), 204)
        time.sleep(0.5)
        self.assertEqual(ask(self.file).status, 200)
        sql(f"DELETE FROM media WHERE id = {self.number}")
        self.wait(lambda: ask(self.file).status == 404)

    def test_id_that_its_directories_do_not_tell(self) -> None:
        """Of 17 digits two are dropped: while one of the hundred is there, nothing is deleted."""
        self.number = 98_765_432_101_234_500 + self.number % 97
        self.exists(self.number)
        self.file = self.path()
        self.keep(self.file, self.old)
        self.bust(self.file)
        time.sleep(0.5)
        self.assertEqual(ask(self.file).status, 200)

    def test_what_has_no_row(self) -> None:
        """Of an avatar nobody can say what has become of it: the copy is removed, and no more."""
        avatar = self.keep(self.path("accounts/avatars"), self.old)
        self.assertEqual(self.bust(avatar), 204)
        self.wait(lambda: ask(avatar).getheader("X-Cache") == "MISS")

    def test_peers_and_cdn(self) -> None:
        self.exists()
        peer, cdn = Recorder(9005), Recorder(9006)
        try:
            self.bust(self.file)
            self.wait(lambda: self.file in peer.paths() and len([p for p in cdn.paths() if self.file in p]) >= 2)
            method, _, headers, _ = next(asked for asked in peer.asked if asked[1] == self.file)
            self.assertEqual((method, headers["Host"], headers["X-Bust-Forwarded"]), ("PURGE", HOST, "1"))
            self.assertEqual(headers["X-Bust-Secret"], SECRET["X-Bust-Secret"])
            for name in NAMES:
                url = f"https://{name}{self.file}"
                method, _, headers, body = next(asked for asked in cdn.asked if asked[1] == f"/purge?url={url}")
                self.assertEqual((method, headers["Authorization"]), ("POST", "Bearer molecule-secret-of-the-cdn"))
                self.assertEqual(json.loads(body), {"files": [url], "host": name, "path": self.file})
            other = self.path(style="small")
            self.bust(other, **{"X-Bust-Forwarded": "1"})
            self.wait(lambda: len([p for p in cdn.paths() if other in p]) >= 2)
            self.assertNotIn(other, peer.paths(), "a bust goes round once")
            self.hide()
            self.wait(lambda: len([p for p in cdn.paths() if self.path(style="static", end="webp") in p]) == 2)
        finally:
            peer.stop()
            cdn.stop()
            self.show()


class Hidden(Gone):
    """What moderators took down."""

    def test_hidden_and_shown_again(self) -> None:
        small = self.path(style="small", end="webp")
        other = self.keep(self.path("media_attachments/thumbnails"), self.old)
        for path in (self.file, small):
            self.keep(path, self.old)
        self.hide()
        for path in (self.file, small):
            self.wait(lambda path=path: ask(path).status == 404)
        time.sleep(SECOND)
        for path in (self.file, small):
            self.assert_gone(path)
        self.assertEqual(ask(other).status, 200)
        self.show()
        self.wait(lambda: ask(self.file).getheader("X-Cache") == "HIT")

    def test_every_kind(self) -> None:
        kinds = ("accounts/avatars", "cache/accounts/headers", "cache/media_attachments/files", "custom_emojis/images")
        for kind in kinds:
            self.keep(self.path(kind), self.old)
            self.hide(kind)
        for kind in kinds:
            self.wait(lambda kind=kind: ask(self.path(kind)).status == 404)
        self.show()
        for kind in kinds:
            self.wait(lambda kind=kind: ask(self.path(kind)).status == 200)

    def test_small_ids(self) -> None:
        for self.number, groups in ((7, "000/000/007"), (1_234_567_890, "001/234/567/890")):
            path = self.keep(f"/media_attachments/files/{groups}/original/{next(IDS)}.png", self.old)
            self.hide()
            self.wait(lambda path=path: ask(path).status == 404)
            self.show()

    def look(self) -> None:
        """Wait until the database has been asked once more."""
        asked = Path("/var/lib/nginx-media-gone/polled")
        before = asked.stat().st_mtime
        self.wait(lambda: asked.stat().st_mtime > before)
        before = asked.stat().st_mtime
        self.wait(lambda: asked.stat().st_mtime > before)

    def test_hidden_and_then_deleted(self) -> None:
        """Mastodon clears away what is left of a suspended account, and tells nobody."""
        self.keep(self.file, self.old)
        self.hide()
        self.wait(lambda: ask(self.file).status == 404)
        sql(f"BEGIN; DELETE FROM media WHERE id = {self.number}; DELETE FROM hidden WHERE id = {self.number}; COMMIT")
        self.look()
        time.sleep(SECOND)
        self.assert_gone(self.file)

    def test_uploads_that_hang_on_no_post(self) -> None:
        """Those of a deleted post are kept for a day; of two that vanish, one hangs on a new post."""
        self.keep_in_store(self.file)
        self.keep(self.file, self.old)
        deleted, self.number = (self.number, self.file), next(IDS)
        kept = self.keep(self.path(), self.old)
        self.exists(deleted[0], self.number)
        for number in (deleted[0], self.number):
            sql(f"INSERT INTO loose VALUES ('media_attachments/files', {number}, '0123456789abcdef.png')")
        self.look()
        run("systemctl", "restart", "nginx-media-gone")
        sql(f"BEGIN; DELETE FROM loose; DELETE FROM media WHERE id = {deleted[0]}; COMMIT")
        self.wait(lambda: ask(deleted[1]).status == 404)
        self.wait(lambda: not self.in_store(deleted[1]))
        self.assertEqual(ask(kept).status, 200)

    def test_database_that_is_down(self) -> None:
        """What is hidden stays hidden, also after a boot; busts are decided later."""
        hidden = self.keep(self.file, self.old)
        self.hide()
        self.wait(lambda: ask(hidden).status == 404)
        taken_down, self.number = self.number, next(IDS)
        deleted = self.keep(self.path(), self.old)
        run("systemctl", "stop", "postgresql@*")
        try:
            run("systemctl", "restart", "nginx-media-gone", "nginx-media")
            self.wait(lambda: Path("/run/nginx-media-gone/socket").exists())
            self.assertEqual(self.bust(deleted), 204)
            self.wait(lambda: {"poll", "decide"} <= command("status")["trouble"].keys())
            time.sleep(SECOND)
            self.assertEqual(ask(deleted).status, 200, "nobody can tell yet")
            self.assert_gone(hidden)
        finally:
            run("systemctl", "start", "postgresql")
        self.wait(lambda: ask(deleted).status == 404, 30)
        self.number = taken_down
        self.show()
        self.wait(lambda: ask(hidden).status == 200, 30)
        self.assertEqual(command("status")["trouble"].keys() & {"poll", "decide"}, set())


class Commands(Gone):
    """What people do by hand."""

    def test_flush_by_key_prefix_and_everything(self) -> None:
        video, avatar = self.path(end="mp4"), self.path("accounts/avatars")
        for path, content in ((self.file, b"a"), (video, b"b" * 2_500_000), (avatar, b"c")):
            self.keep(path, self.old, content)
        self.assertEqual(command("flush", f"https://{HOST}{self.file}"), {"flushed": 1})
        self.assertEqual(command("flush", avatar.rpartition("original")[0]), {"flushed": 1})
        self.wait(lambda: ask(avatar).getheader("X-Cache") == "MISS")
        self.assertEqual(ask(video).getheader("X-Cache"), "HIT")
        self.assertEqual(command("flush", video.lstrip("/")), {"flushed": 3})
        self.wait(lambda: ask(self.file).getheader("X-Cache") == "HIT")
        self.assertGreaterEqual(command("flush", "--all")["flushed"], 2)
        self.wait(lambda: ask(self.file).getheader("X-Cache") == "MISS")

    def test_delete_and_restore(self) -> None:
        avatar = self.keep(self.path("accounts/avatars"), self.old)
        odd = self.keep(f"/site_uploads/files/{self.number}/@1x/{self.number}.png", self.old)
        static = self.keep(self.path("accounts/avatars", style="static"), self.old)
        for path in (avatar, odd):
            self.assertEqual(command("delete", path), {"deleted": path})
            self.wait(lambda path=path: ask(path).status == 404)
            self.assertEqual([ask(static).status, ask(static, "PURGE", SECRET).status], [200, 204], "another file")
            self.wait(lambda: ask(static).getheader("X-Cache") == "MISS")
            self.assertEqual(command("restore", path), {"restored": True})
            self.wait(lambda path=path: ask(path).status == 200)
        self.assertEqual(command("restore", avatar), {"restored": False})

    def test_what_is_refused(self) -> None:
        for words in (
            ("delete", "backups/dumps/1/a.zip"),
            ("delete", "accounts/../x/y"),
            ("flush",),
            ("delete", "a b"),
        ):
            with self.assertRaises(AssertionError):
                run("nginx-media-gone", *words)

    def test_figures(self) -> None:
        self.wait(lambda: "nginx_media_gone_tombstones" in metrics(), 15)
        found = metrics()
        self.assertLess(found["nginx_media_gone_hidden_age_seconds"], 30)
        self.assertIn('nginx_media_gone_open{work="delete:own"}', found)
        before = found['nginx_media_gone_busts_total{outcome="refused"}']
        ask(self.file, "PURGE")
        self.wait(lambda: metrics()['nginx_media_gone_busts_total{outcome="refused"}'] > before, 15)

    def test_secrets_are_for_the_service_only(self) -> None:
        mode = Path("/etc/nginx-media/gone.json").stat()
        self.assertEqual((mode.st_mode & 0o777, mode.st_uid), (0o640, 0))
        self.assertEqual(
            run("grep", "-rl", "molecule-secret", "/etc/nginx-media").split(), ["/etc/nginx-media/gone.json"]
        )
        pid = run("systemctl", "show", "--property=MainPID", "--value", "nginx-media-gone").strip()
        self.assertNotIn("molecule-secret", Path(f"/proc/{pid}/cmdline").read_text())
