# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people flush, delete and restore by hand, and what they can see."""

from __future__ import annotations

from pathlib import Path

from case import HOST, ask, metrics
from gone import SECRET, Gone, command, run


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
