# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the database named at the last look, kept for the next one: what is named no more may have been deleted."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from pathlib import Path

from media_gone.database import Upload

_TABLE = (
    "CREATE TABLE IF NOT EXISTS known (kind TEXT, id INTEGER, name TEXT, PRIMARY KEY (kind, id, name)) WITHOUT ROWID"
)


class Known:
    """A set of uploads that outlives the program."""

    def __init__(self, database: Path) -> None:
        """Begin where the run before has stopped."""
        self._database = sqlite3.connect(database, check_same_thread=False, isolation_level=None)
        self._database.execute(_TABLE)
        self.uploads: set[Upload] = set(self._database.execute("SELECT kind, id, name FROM known"))

    def keep(self, uploads: Collection[Upload]) -> None:
        """Know these and no others from now on."""
        new, old = set(uploads) - self.uploads, self.uploads - set(uploads)
        if not new and not old:
            return
        self._database.execute("BEGIN")
        with self._database:
            self._database.executemany("INSERT INTO known VALUES (?, ?, ?)", new)
            self._database.executemany("DELETE FROM known WHERE kind = ? AND id = ? AND name = ?", old)
        self.uploads = set(uploads)
