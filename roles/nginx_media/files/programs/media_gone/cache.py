# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take copies out of nginx's cache: a file that vanished is to nginx one that it never had."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

# No video of Mastodon's is larger than a fifth of this.
_LONGEST = 512 * 2**20
_NAME = re.compile(r"[0-9a-f]{32}\Z")
# nginx writes some binary fields, then the key on a line of its own.
_HEAD, _KEY = 4096, re.compile(rb"\nKEY: ([^\n]*)\n")


class Cache:
    """The directory of proxy_cache_path, with levels=1:2."""

    def __init__(self, directory: Path, slice_size: int, sliced: list[str], origins: list[str]) -> None:
        """Know what keys are made of; a slice of no bytes means that there are no slices."""
        self.directory, self.slice_size, self.origins = directory, slice_size, origins
        self.sliced = tuple(f".{end}" for end in sliced)

    def keys(self, path: str) -> Iterator[str]:
        """Name everything under which a file can be kept."""
        yield path
        if self.slice_size and path.endswith(self.sliced):
            for start in range(0, _LONGEST, self.slice_size):
                for origin in self.origins:
                    yield f"{path} bytes={start}-{start + self.slice_size - 1} {origin}"

    def place(self, key: str) -> Path:
        """Return where nginx keeps a key."""
        digest = hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()
        return self.directory / digest[-1] / digest[-3:-1] / digest

    def evict(self, path: str) -> int:
        """Remove all copies of a file; return how many there were."""
        return sum(self._remove(self.place(key)) for key in self.keys(path))

    def flush(self, prefix: str) -> list[str]:
        """Remove the copies of all files whose path begins like this; return their paths."""
        gone = set()
        for file in self._files():
            key = self._key(file)
            if key.startswith(prefix) and self._remove(file):
                gone.add(key.partition(" ")[0])
        return sorted(gone)

    def flush_all(self) -> int:
        """Remove every copy; return how many there were."""
        return sum(self._remove(file) for file in self._files())

    def _files(self) -> Iterator[Path]:
        # A file that is being written has a longer name; nginx gives it this one when it is whole.
        return (file for file in self.directory.glob("?/??/*") if _NAME.match(file.name))

    @staticmethod
    def _key(file: Path) -> str:
        try:
            with file.open("rb") as opened:
                match = _KEY.search(opened.read(_HEAD))
        except OSError:
            return ""
        return match[1].decode(errors="replace") if match else ""

    @staticmethod
    def _remove(file: Path) -> bool:
        try:
            file.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True
