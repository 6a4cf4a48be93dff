# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fifty visitors who want the same file at once are one request to each origin."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from case import Case, ask


class Herd(Case):
    """Each origin takes its time."""

    def herd(self, path: str, content: bytes | None) -> None:
        """Fifty ask for a file at once; each gets what the file holds, or hears that it is not there."""
        for origin in self.origins:
            origin.behave(delay=0.3)
        with ThreadPoolExecutor(50) as pool:
            for answer in pool.map(ask, [path] * 50):
                if content is None:
                    self.assertEqual(answer.status, 404)
                else:
                    self.assert_shown(answer, content)

    def test_on_a_file_of_the_first(self) -> None:
        self.herd(self.store.hold(self.file), b"picture")
        self.assertEqual(self.asked(), (1, 0, 0))

    def test_on_a_file_of_the_last(self) -> None:
        self.herd(self.on_disk(self.file), b"picture")
        self.assertEqual(self.asked(), (1, 1, 1))
        self.herd(self.file, b"picture")
        self.assertEqual(self.asked(), (1, 1, 1))

    def test_on_a_missing_file(self) -> None:
        self.herd(self.file, None)
        self.assertEqual(self.asked(), (1, 1, 1))
        self.assertEqual(ask(self.file).getheader("Cache-Control"), "no-store")

    def test_on_a_video(self) -> None:
        video = self.b2.hold(self.new("mp4"), b"v" * 2_500_000)
        self.herd(video, b"v" * 2_500_000)
        # The first two say once that they do not have it; the third gives three slices.
        self.assertEqual(self.asked(), (1, 1, 3))
