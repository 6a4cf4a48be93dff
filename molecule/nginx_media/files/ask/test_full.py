# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk of the cache is full: everything is still shown, and nothing is cut off."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from case import Case, ask

DISK = Path("/srv/cache")
FLAG = Path("/run/nginx-media-watch/full")


class Full(Case):
    """The cache has a disk of 128 MB."""

    def wait(self, full: bool) -> None:
        """Wait until the watch has seen it, and nginx, which looks once in a second, has seen what the watch says."""
        deadline = time.monotonic() + 15
        while FLAG.exists() is not full:
            self.assertLess(time.monotonic(), deadline, "the watch does not see the disk")
            time.sleep(0.1)
        time.sleep(1.2)

    @contextlib.contextmanager
    def no_space(self) -> Iterator[None]:
        """Take all that is left of the disk, and give it back."""
        filler = DISK / "filler"
        with filler.open("wb") as file, contextlib.suppress(OSError):
            while True:
                file.write(b"\0" * 2**16)
                file.flush()
        self.wait(full=True)
        yield
        filler.unlink()
        self.wait(full=False)

    def test_everything_is_shown(self) -> None:
        cached = [hold(self.new(end)) for hold in self.holders().values() for end in ("png", "mp4")]
        for path in cached:
            self.assertEqual(ask(path).status, 200)
        content = b"large" * 500_000
        with self.no_space():
            for path in cached:
                self.assert_shown(ask(path), b"picture")
            for hold in self.holders().values():
                for end in ("png", "mp4"):
                    path = hold(self.new(end), content)
                    self.assert_shown(ask(path), content)
                    self.assert_shown(ask(path, headers={"Range": "bytes=2000000-"}), content[2_000_000:], 206)
        path = self.store.hold(self.new())
        self.assertEqual([ask(path).getheader("X-Cache") for _ in range(2)], ["MISS", "HIT"])
