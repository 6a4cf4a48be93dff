# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Videos in slices: whole, in parts, from each origin, and never of two."""

from __future__ import annotations

import http.client
import random

from case import Case, ask

CONTENT = random.Random(7).randbytes(3_300_000)


class Slices(Case):
    """A slice is 1 MiB."""

    def test_from_each_origin(self) -> None:
        for name, hold in self.holders().items():
            path = hold(self.new("mp4"), CONTENT)
            with self.subTest(origin=name):
                for length in (10, 1_000_000, 3_000_000):
                    answer = ask(path, headers={"Range": f"bytes=200000-{199999 + length}"})
                    self.assert_shown(answer, CONTENT[200000 : 200000 + length], 206)
                self.assert_shown(ask(path), CONTENT)
                self.assert_shown(ask(path, headers={"Range": "bytes=-5"}), CONTENT[-5:], 206)
                head = ask(path, "HEAD")
                self.assertEqual((head.status, head.getheader("Content-Length")), (200, str(len(CONTENT))))
                before = self.asked()
                self.assert_shown(ask(path), CONTENT)
                self.assertEqual(self.asked(), before, "every slice is kept")

    def test_part_of_what_nobody_has_seen(self) -> None:
        path = self.store.hold(self.new("mp4"), CONTENT)
        self.assert_shown(ask(path, headers={"Range": "bytes=3000000-3000009"}), CONTENT[3000000:3000010], 206)
        self.assertEqual([seen.headers["Range"] for seen in self.store.asked], ["bytes=2097152-3145727"])

    def test_empty_and_behind_the_end(self) -> None:
        empty = self.store.hold(self.new("mp4"), b"")
        self.assertEqual([(a.status, a.content) for a in (ask(empty), ask(empty))], [(200, b"")] * 2)
        path = self.old.hold(self.new("mp4"), CONTENT)
        behind = ask(path, headers={"Range": "bytes=9999999-"})
        self.assertEqual((behind.status, behind.getheader("Content-Range")), (416, f"bytes */{len(CONTENT)}"))

    def test_origin_that_knows_no_ranges(self) -> None:
        self.store.ranges = False
        path = self.store.hold(self.new("mp4"), CONTENT)
        self.assert_shown(ask(path), CONTENT)
        self.assert_shown(ask(path), CONTENT)
        self.assert_shown(ask(path, headers={"Range": "bytes=5-9"}), CONTENT[5:10], 206)

    def test_missing_and_away(self) -> None:
        path = self.new("mp4")
        self.assertEqual([ask(path).status for _ in range(3)], [404] * 3)
        self.assertEqual(self.asked(), (1, 1, 1))
        self.store.stop()
        self.assertEqual(ask(self.new("mp4")).status, 503)
        self.assert_shown(ask(self.b2.hold(self.new("mp4"), CONTENT)), CONTENT)

    def test_origin_that_goes_between_two_slices(self) -> None:
        """The other has the same name and other bytes: the file breaks off."""
        path = self.store.hold(self.new("mp4"), CONTENT)
        self.old.hold(path, b"y" * len(CONTENT))
        ask(path, headers={"Range": "bytes=0-9"})
        for trouble in ({"status": 403}, {"status": 500}, {"delay": 5}):
            self.store.behave(**trouble)
            with self.subTest(trouble=trouble), self.assertRaises(http.client.IncompleteRead):
                ask(path)
        self.store.behave()
        self.assert_shown(ask(path), CONTENT)

    def test_origin_that_loses_the_file_between_two_slices(self) -> None:
        path = self.store.hold(self.new("mp4"), CONTENT)
        self.old.hold(path, CONTENT)
        ask(path, headers={"Range": "bytes=0-9"})
        self.store.objects.clear()
        with self.assertRaises(http.client.IncompleteRead):
            ask(path)

    def test_file_that_changes_between_two_slices(self) -> None:
        path = self.store.hold(self.new("mp4"), CONTENT)
        ask(path, headers={"Range": "bytes=0-9"})
        self.store.hold(path, b"z" * len(CONTENT))
        with self.assertRaises(http.client.IncompleteRead):
            ask(path)
