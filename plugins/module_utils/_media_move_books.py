# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The book of a move, on the disk of its host: every key with what was done about it. PRIVATE to the collection.

SQLite, because there may be millions of keys, and because what it has committed survives whatever kills us.
"""

from __future__ import annotations

import heapq
import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils._media_move import Book, Seen

TARGET = ""
_TABLES = """
CREATE TABLE IF NOT EXISTS book (
  key TEXT PRIMARY KEY, source TEXT NOT NULL, state TEXT NOT NULL, size INTEGER NOT NULL, tag TEXT NOT NULL,
  copy TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (
  place TEXT NOT NULL, key TEXT NOT NULL, size INTEGER NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (place, key)
) WITHOUT ROWID;
"""
Row = tuple[str, "dict[str, Seen]", "Book | None"]


class Books:
    """The book, and the last listing of each place."""

    def __init__(self, path: Path | str) -> None:
        """Open the file, or make it."""
        self._base = sqlite3.connect(path, timeout=60)
        self._base.executescript(_TABLES)

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def list_place(self, place: str, objects: Iterable[tuple[str, Seen]]) -> None:
        """Replace the listing of a place, all of it or nothing."""
        with self._base:
            self._base.execute("DELETE FROM seen WHERE place = ?", (place,))
            self._base.executemany(
                "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)",
                ((place, key, seen.size, seen.tag) for key, seen in objects),
            )

    def forget_places(self, but: Sequence[str]) -> None:
        """Drop the listings of places that are no longer part of the move."""
        marks = ", ".join("?" * len(but))
        with self._base:
            self._base.execute(f"DELETE FROM seen WHERE place NOT IN ({marks})", tuple(but))  # noqa: S608 - marks only

    def rows(self) -> Iterator[Row]:
        """Return every key in order, with where it was seen and what the book has about it."""
        streams: list[Iterator[tuple[Any, ...]]] = [
            iter(self._base.execute("SELECT key, 0, source, state, size, tag, copy FROM book ORDER BY key"))
        ]
        for (place,) in self._base.execute("SELECT DISTINCT place FROM seen").fetchall():
            query = "SELECT key, 1, place, size, tag FROM seen WHERE place = ? ORDER BY key"
            streams.append(iter(self._base.execute(query, (place,))))
        merged = heapq.merge(*streams, key=lambda row: row[0])
        for key, rows in itertools.groupby(merged, key=lambda row: row[0]):
            seen: dict[str, Seen] = {}
            book = None
            for row in rows:
                if row[1]:
                    seen[row[2]] = Seen(row[3], row[4])
                else:
                    book = Book(*row[2:])
            yield key, seen, book

    def write(self, entries: Iterable[tuple[str, Book]]) -> None:
        """Write entries, all of them or none."""
        with self._base:
            self._base.executemany(
                "INSERT OR REPLACE INTO book VALUES (?, ?, ?, ?, ?, ?)",
                ((key, book.source, book.state, book.size, book.tag, book.copy) for key, book in entries),
            )

    def at_target(self, key: str) -> Seen | None:
        """Return what the last listing of the target had under a key."""
        return self._seen(TARGET, key)

    def at_source(self, place: str, key: str) -> Seen | None:
        """Return what the last listing of a source had under a key."""
        return self._seen(place, key)

    def _seen(self, place: str, key: str) -> Seen | None:
        row = self._base.execute("SELECT size, tag FROM seen WHERE place = ? AND key = ?", (place, key)).fetchone()
        return Seen(*row) if row else None

    def entry(self, key: str) -> Book | None:
        """Return what the book has about a key."""
        query = "SELECT source, state, size, tag, copy FROM book WHERE key = ?"
        row = self._base.execute(query, (key,)).fetchone()
        return Book(*row) if row else None

    def counts(self) -> dict[str, int]:
        """Return how many keys are in each state."""
        return dict(self._base.execute("SELECT state, count(*) FROM book GROUP BY state").fetchall())

    def proven_bytes(self) -> int:
        """Return the size of all proven copies."""
        return int(self._base.execute("SELECT coalesce(sum(size), 0) FROM book WHERE state = 'proven'").fetchone()[0])

    def proven_of(self, place: str) -> int:
        """Return how many proven copies come from a place."""
        query = "SELECT count(*) FROM book WHERE state = 'proven' AND source = ?"
        return int(self._base.execute(query, (place,)).fetchone()[0])

    def sample(self, most: int, large: int) -> list[tuple[str, str]]:
        """Return proven keys with their source: as many by chance, and as many of those from a size on."""
        query = (
            "SELECT key, source FROM (SELECT key, source FROM book WHERE state = 'proven' ORDER BY random() LIMIT ?)"
            " UNION SELECT key, source FROM (SELECT key, source FROM book WHERE state = 'proven' AND size >= ?"
            " ORDER BY random() LIMIT ?)"
        )
        return list(self._base.execute(query, (most, large, most)).fetchall())
