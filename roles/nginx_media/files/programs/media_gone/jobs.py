# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is still to be done, kept on disk until it is done."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

_LONGEST_WAIT = 300.0
_TABLE = """CREATE TABLE IF NOT EXISTS jobs (
    what TEXT NOT NULL, path TEXT NOT NULL, due REAL NOT NULL, tries INTEGER NOT NULL, step INTEGER NOT NULL,
    PRIMARY KEY (what, path)) WITHOUT ROWID"""


@dataclass(frozen=True)
class Job:
    """One thing to do with one path; `step` is for jobs that look several times."""

    what: str
    path: str
    due: float
    tries: int = 0
    step: int = 0


class Jobs:
    """A queue for each kind of work, safe for threads and for power cuts."""

    def __init__(self, file: Path) -> None:
        """Open the queue, or make it."""
        self._database = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute(_TABLE)
        self._database.execute("CREATE INDEX IF NOT EXISTS by_time ON jobs (what, due)")
        self._changed = threading.Condition()

    def add(self, *jobs: tuple[str, str]) -> None:
        """Have things done now, all of them or none; one that is waiting already begins anew."""
        if not jobs:
            return
        now = time.time()
        with self._changed:
            with self._database:
                self._database.execute("BEGIN")
                self._database.executemany(
                    "INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, 0, 0)", [(what, path, now) for what, path in jobs]
                )
            self._changed.notify_all()

    def take(self, what: str, timeout: float) -> Job | None:
        """Return what is due, waiting for a while when nothing is. It stays in the queue."""
        end = time.time() + timeout
        with self._changed:
            while True:
                row = self._database.execute(
                    "SELECT what, path, due, tries, step FROM jobs WHERE what = ? ORDER BY due LIMIT 1", (what,)
                ).fetchone()
                now = time.time()
                if row and row[2] <= now:
                    return Job(*row)
                if now >= end:
                    return None
                self._changed.wait(min(end, row[2] if row else end) - now)

    def done(self, job: Job) -> None:
        """Forget a job, unless somebody has asked for the same again in the meantime."""
        with self._changed:
            self._database.execute(
                "DELETE FROM jobs WHERE what = ? AND path = ? AND due = ?", (job.what, job.path, job.due)
            )

    def retry(self, job: Job) -> None:
        """Try again later, ever more rarely."""
        self._later(job, min(2.0 ** min(job.tries, 10), _LONGEST_WAIT), job.tries + 1, job.step)

    def again(self, job: Job, wait: float) -> None:
        """Look once more after some time."""
        self._later(job, wait, 0, job.step + 1)

    def _later(self, job: Job, wait: float, tries: int, step: int) -> None:
        with self._changed:
            self._database.execute(
                "UPDATE jobs SET due = ?, tries = ?, step = ? WHERE what = ? AND path = ? AND due = ?",
                (time.time() + wait, tries, step, job.what, job.path, job.due),
            )

    def drop(self, path: str, kind: str) -> None:
        """Forget one path's jobs of a kind ("delete" means "delete:store" and all others)."""
        with self._changed:
            self._database.execute("DELETE FROM jobs WHERE path = ? AND what GLOB ?", (path, f"{kind}*"))

    def keep_only(self, known: Collection[str]) -> None:
        """Forget jobs that nobody will do any more, such as those of an origin that was removed."""
        with self._changed:
            for (what,) in self._database.execute("SELECT DISTINCT what FROM jobs").fetchall():
                if what not in known:
                    self._database.execute("DELETE FROM jobs WHERE what = ?", (what,))

    def hurry(self, what: str) -> None:
        """Let what has failed be tried now."""
        with self._changed:
            self._database.execute("UPDATE jobs SET due = ? WHERE what = ? AND tries > 0", (time.time(), what))
            self._changed.notify_all()

    def waiting(self) -> dict[str, int]:
        """Count what is open, by what it is."""
        with self._changed:
            return dict(self._database.execute("SELECT what, count(*) FROM jobs GROUP BY what").fetchall())
