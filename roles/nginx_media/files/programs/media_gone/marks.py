# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that nginx looks for ahead of its cache: they say that something is not to be shown.

A mark that is a file stands for all of an object. One that is a directory has those files of the object that are
deleted each by itself. A database beside them knows why: what is taken back for one reason may stay for another.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import threading
from collections.abc import Collection
from pathlib import Path

_TABLES = """
CREATE TABLE IF NOT EXISTS deleted (mark TEXT, file TEXT, PRIMARY KEY (mark, file)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hidden (mark TEXT PRIMARY KEY) WITHOUT ROWID;
"""


def _touch(file: Path) -> None:
    """Have a file, also when the power goes."""
    if not file.exists():
        with file.open("w") as opened:
            os.fsync(opened.fileno())


class Marks:
    """All marks. What is in the database has its file soon after, also when the program was killed in between."""

    def __init__(self, directory: Path, database: Path) -> None:
        """Begin where the run before has stopped."""
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(database, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.executescript(_TABLES)
        self._lock = threading.Lock()
        self.tombstones = int(self._database.execute("SELECT count(*) FROM deleted").fetchone()[0])
        self.hidden = {mark for (mark,) in self._database.execute("SELECT mark FROM hidden")}
        for mark in self.hidden:
            self._show(mark, self._deleted(mark), hidden=True)

    def delete(self, mark: str, file: str) -> None:
        """Never show a file again, or all of what has the mark ("")."""
        with self._lock:
            added = self._database.execute("INSERT OR IGNORE INTO deleted VALUES (?, ?)", (mark, file)).rowcount
            self.tombstones += added
            self._show(mark, self._deleted(mark), mark in self.hidden)

    def is_deleted(self, mark: str) -> bool:
        """Tell whether all of what has the mark was deleted."""
        with self._lock:
            return "" in self._deleted(mark)

    def restore(self, mark: str, file: str) -> bool:
        """Take back that a file, or all of what has its mark, was deleted; tell whether it was."""
        with self._lock:
            rest = self._deleted(mark) - {file, ""}
            self._show(mark, rest, mark in self.hidden)
            gone = self._database.execute(
                "DELETE FROM deleted WHERE mark = ? AND file IN (?, ?)", (mark, file, "")
            ).rowcount
            self.tombstones -= gone
            return gone > 0

    def hide(self, wanted: Collection[str]) -> int:
        """Hide what has these marks and nothing else; return how many others were hidden until now."""
        with self._lock:
            new, old = set(wanted) - self.hidden, self.hidden - set(wanted)
            self._database.execute("BEGIN")
            with self._database:
                self._database.executemany("INSERT OR IGNORE INTO hidden VALUES (?)", [(mark,) for mark in new])
            self.hidden |= new
            for mark in new:
                self._show(mark, self._deleted(mark), hidden=True)
            for mark in old:
                self._show(mark, self._deleted(mark), hidden=False)
                self._database.execute("DELETE FROM hidden WHERE mark = ?", (mark,))
                self.hidden.discard(mark)
            return len(old)

    def _deleted(self, mark: str) -> set[str]:
        return {file for (file,) in self._database.execute("SELECT file FROM deleted WHERE mark = ?", (mark,))}

    def _show(self, mark: str, deleted: set[str], hidden: bool) -> None:
        # Marks are made of paths that have been checked, or of numbers.
        place = Path(f"{self._directory}{mark}")
        if hidden or "" in deleted:
            self._be_file(place)
        elif deleted:
            self._be_directory(place, deleted)
        else:
            self._be_nothing(place)

    @staticmethod
    def _be_file(place: Path) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir():
            old = place.with_name(f"{place.name}.old")
            shutil.rmtree(old, ignore_errors=True)
            place.rename(old)
            _touch(place)
            shutil.rmtree(old)
        _touch(place)

    @staticmethod
    def _be_directory(place: Path, names: set[str]) -> None:
        # Made aside, so that at no time a file is shown that is to be gone.
        new = place.with_name(f"{place.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        for name in names:
            _touch(new / name)
        if place.is_dir():
            for name in names:
                _touch(place / name)
            for name in {file.name for file in place.iterdir()} - names:
                (place / name).unlink()
            shutil.rmtree(new)
            return
        place.unlink(missing_ok=True)
        new.rename(place)

    def _be_nothing(self, place: Path) -> None:
        if place.is_dir():
            shutil.rmtree(place)
        else:
            with contextlib.suppress(NotADirectoryError):
                place.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            for folder in place.parents:
                if folder == self._directory:
                    break
                folder.rmdir()
