# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Origins that are down, broken, silent, slow, or that die in the middle of a file."""

from __future__ import annotations

import http.client
import time
from pathlib import Path

from case import DISK, Case, ask


class Trouble(Case):
    """Nothing that cannot be known is ever said to be missing."""

    def assert_away(self, path: str) -> None:
        """The answer is "come back later", for nobody to keep."""
        answer = ask(path)
        said = (answer.status, answer.getheader("Retry-After"), answer.getheader("Cache-Control"))
        self.assertEqual(said, (503, "30", "no-store"))

    def test_each_origin_down(self) -> None:
        for index, origin in enumerate(self.origins):
            cached, unknown = origin.hold(self.new()), self.new()
            self.assertEqual(ask(cached).status, 200)
            origin.stop()
            others = {name: hold(self.new()) for name, hold in self.holders().items()}
            del others[list(self.holders())[index]]
            with self.subTest(port=origin.port):
                self.assertEqual(ask(cached).getheader("X-Cache"), "HIT")
                self.assertEqual(
                    {name: ask(path).getheader("X-Origin") for name, path in others.items()}, dict(zip(others, others))
                )
                self.assert_away(unknown)
            origin.start()
            self.assertEqual(ask(origin.hold(unknown)).content, b"picture", "it was not remembered")

    def test_disk_that_is_not_mounted(self) -> None:
        DISK.rename(gone := Path("/srv/media/gone"))
        self.assert_away(self.file)
        self.assertEqual(ask(self.old.hold(self.new())).status, 200)
        gone.rename(DISK)
        self.assertEqual(ask(self.file).status, 404)

    def test_statuses(self) -> None:
        for status in (429, 500, 502, 503, 504, 507, 520):
            self.store.behave(status=status)
            self.assert_away(self.new())
        # This store would say 404: that it refuses means that its policy is broken.
        self.store.behave(status=403)
        self.assert_away(self.file)
        self.assertEqual(ask(self.old.hold(self.new())).status, 200)

    def test_silent(self) -> None:
        self.store.behave(delay=5)
        self.assertEqual(ask(self.old.hold(self.file)).content, b"picture")

    def test_slow_in_the_middle(self) -> None:
        self.store.behave(drip=1.5)
        self.assert_shown(ask(self.store.hold(self.file, b"x" * 200_000)), b"x" * 200_000)

    def test_dies_in_the_middle_of_a_file(self) -> None:
        for end in ("png", "mp4"):
            path = self.store.hold(self.new(end), b"x" * 200_000)
            self.old.hold(path, b"y" * 200_000)
            self.store.behave(cut=True)
            with self.assertRaises(http.client.IncompleteRead):
                ask(path)
            self.store.behave()
            self.assert_shown(ask(path), b"x" * 200_000)

    def test_dies_where_nobody_can_tell(self) -> None:
        """An answer without a length may be half a file: it is not kept."""
        path = self.store.hold(self.file, b"x" * 200_000)
        self.store.behave(cut=True)
        self.store.sized = False
        ask(path)
        self.store.behave()
        self.assert_shown(ask(path), b"x" * 200_000)

    def test_copy_that_has_expired(self) -> None:
        shown, refused, deleted = (self.old.hold(self.new()) for _ in range(3))
        self.assertEqual([ask(path).status for path in (shown, refused, deleted)], [200] * 3)
        self.old.objects.clear()
        deadline = time.monotonic() + 30
        while ask(deleted).status == 200 and time.monotonic() < deadline:
            time.sleep(0.2)
        self.assertEqual(ask(deleted).status, 404)
        self.store.behave(status=403)
        answer = ask(refused)
        self.assertEqual((answer.content, answer.getheader("X-Cache")), (b"picture", "STALE"))
        for origin in self.origins:
            origin.stop()
        answer = ask(shown)
        self.assertEqual((answer.content, answer.getheader("X-Cache")), (b"picture", "STALE"))

    def test_certificate_of_somebody_else(self) -> None:
        """A store that cannot prove who it is counts as away."""
        self.b2.tls.load_cert_chain("/root/stranger.pem", "/root/stranger.key")
        self.b2.hold(self.file)
        self.assert_away(self.file)
        self.assertEqual(self.b2.asked, [])
