# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Mastodon deletes stays deleted: with a real database and a real store."""

from __future__ import annotations

import json
import time
from pathlib import Path

from case import HOST, ask
from gone import IDS, NAMES, SECOND, SECRET, Gone, Recorder, command, run, sql


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
