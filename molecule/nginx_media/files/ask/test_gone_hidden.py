# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What moderators took down is not shown, and comes back: with a real database."""

from __future__ import annotations

import time
from pathlib import Path

from case import ask
from gone import IDS, SECOND, Gone, command, run, sql


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
