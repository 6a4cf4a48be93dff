# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to a file that was deleted, changed or taken down."""

from __future__ import annotations

import functools
import sqlite3
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from media_gone import paths
from media_gone.cache import Cache
from media_gone.database import Database, Upload
from media_gone.jobs import Job, Jobs
from media_gone.known import Known
from media_gone.marks import Marks
from media_gone.remote import Cdn, Store, tell_peer

# Mastodon busts from within the transaction that deletes: what is still there is looked at again, after these seconds.
AGAIN = (5.0, 60.0, 600.0)
OUTCOMES = ("refused", "accepted", "evicted", "deleted", "kept")


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def log(text: str) -> None:
    """Write a line into the journal."""
    print(text, file=sys.stderr, flush=True)


class Service:
    """Everything but the way in which it is asked."""

    def __init__(self, settings: Mapping[str, Any], state: Path, own: Path) -> None:
        """Begin where the run before has stopped."""
        self.settings = settings
        self.counts: Counter[str] = Counter()
        self.cache = Cache(
            Path(settings["cache_dir"]), int(settings["slice_size"]), settings["sliced"], settings["origins_in_order"]
        )
        self.marks = Marks(state / "marks", state / "marks.sqlite")
        self._lock, self._look, self._polled = threading.Lock(), threading.Event(), state / "polled"
        self.jobs, self._known = Jobs(state / "jobs.sqlite"), Known(state / "known.sqlite")
        self._database = Database(settings["database"], own) if settings["database"] else None
        self._stores = {origin["name"]: Store(origin) for origin in settings["stores"]}
        self._cdn = Cdn(settings["cdn"], settings["server_names"]) if settings["cdn"] else None
        self._trouble: dict[str, str] = {}
        self._workers: dict[str, Callable[[str], object]] = {
            **{f"delete:{name}": store.delete for name, store in self._stores.items()},
            **{f"peer:{peer}": functools.partial(self._tell, peer) for peer in settings["peers"]},
        }
        if self._cdn:
            self._workers["cdn"] = self._cdn.purge
        self.jobs.keep_only(self._kinds())

    def start(self) -> None:
        """Work in the background."""
        for what in self._kinds():
            threading.Thread(target=self._work, args=(what,), daemon=True).start()
        if self._database:
            threading.Thread(target=self._watch, daemon=True).start()

    def _kinds(self) -> list[str]:
        return [*self._workers, *(["decide"] if self._database else [])]

    def bust(self, path: str, forwarded: bool) -> None:
        """Somebody who knows the secret says that a file has changed, or is no more."""
        self.cache.evict(path)
        wanted = [] if forwarded else [(f"peer:{peer}", path) for peer in self.settings["peers"]]
        if self._database and paths.attachment_ids(path):
            wanted.append(("decide", path))
            outcome = "accepted"
        else:
            outcome = "evicted"
        self.jobs.add(*wanted, *self._purges(path))
        self.counts[outcome] += 1

    def delete(self, path: str, whole: bool = False) -> None:
        """A file is no more, or the whole object: never show it again, and delete the file wherever we may."""
        # First it is written down what there is to do: whoever is killed in between begins again.
        self.jobs.add(*self._burial(path))
        self.marks.delete(paths.mark(path), "" if whole else paths.within(path))
        self.cache.evict(path)

    def restore(self, path: str) -> bool:
        """Take a tombstone back; tell whether there was one. What stores have deleted stays deleted."""
        for kind in ("delete:", "decide"):
            self.jobs.drop(path, kind)
        return self.marks.restore(paths.mark(path), paths.within(path))

    def flush(self, key: str) -> int:
        """Remove copies: of one file, of all below a prefix ("accounts/"), or all ("")."""
        if not key:
            return self.cache.flush_all()
        if key.endswith("/"):
            flushed = self.cache.flush(f"{paths.clean(key + 'x')[:-1]}")
            self.jobs.add(*(purge for path in flushed for purge in self._purges(path)))
            return len(flushed)
        path = paths.clean(key)
        self.jobs.add(*self._purges(path))
        return self.cache.evict(path)

    def status(self) -> dict[str, Any]:
        """Return figures: hidden objects, tombstones, what is open, what troubles."""
        with self._lock:
            trouble = dict(sorted(self._trouble.items()))
        return {
            "busts": {outcome: self.counts[outcome] for outcome in OUTCOMES},
            "tombstones": self.marks.tombstones,
            "hidden": len(self.marks.hidden),
            "hidden_age_seconds": self.age(),
            "open": dict.fromkeys(self._kinds(), 0) | self.jobs.waiting(),
            "trouble": trouble,
        }

    def age(self) -> float | None:
        """Return the seconds since the database has last said what to hide; None when it is not asked."""
        if self._database is None:
            return None
        try:
            return round(max(0.0, time.time() - self._polled.stat().st_mtime), 1)
        except FileNotFoundError:
            return time.time()

    def poll(self) -> None:
        """Hide what the database says, and nothing else; what it no longer has was deleted."""
        if self._database is None:
            return
        wanted = self._objects("hidden", self._database.hidden())
        watched = {
            upload
            for upload in {**self._objects("loose", self._database.loose()), **wanted}.values()
            if paths.attachment_ids_of(*upload[:2])
        }
        # First of all: what was hidden and then deleted must not be shown in between.
        self._bury(self._known.uploads - watched)
        new = wanted.keys() - self.marks.hidden
        files = (path for mark in new for path in paths.files_of(*wanted[mark]))
        self.jobs.add(*(purge for path in files for purge in self._purges(path)))
        old = self.marks.hide(wanted)
        self._known.keep(watched)
        self._polled.touch()
        if new or old:
            log(f"hidden: {len(new)} more, {old} no more")

    def _objects(self, what: str, uploads: Iterable[Upload]) -> dict[str, Upload]:
        found, odd = {}, ""
        for upload in uploads:
            try:
                found[paths.object_mark(*upload[:2])] = upload
            except ValueError as error:
                odd = f"passed over: {error}"
        self._say(what, odd)
        return found

    def _bury(self, vanished: Collection[Upload]) -> None:
        """Delete those of which the database has no row any more. Their copies are not shown, and age."""
        if not vanished or self._database is None:
            return
        ids = {upload: paths.attachment_ids_of(*upload[:2]) for upload in vanished}
        present = self._database.present(sorted({number for numbers in ids.values() for number in numbers}))
        dead = {
            mark: upload
            for upload, numbers in ids.items()
            if present.isdisjoint(numbers) and not self.marks.is_deleted(mark := paths.object_mark(*upload[:2]))
        }
        self.jobs.add(
            *(job for upload in dead.values() for path in paths.files_of(*upload) for job in self._burial(path))
        )
        for mark in dead:
            self.marks.delete(mark, "")
        self.counts["deleted"] += len(dead)
        if dead:
            log(f"deleted without a bust: {len(dead)}")

    def _watch(self) -> None:
        while True:
            self._look.clear()
            try:
                self.poll()
                self._say("poll", "")
            except Exception as error:  # whatever it is, the next round may do better
                self._say("poll", f"what is hidden stays hidden: {_reason(error)}")
            if self._look.wait(float(self.settings["hidden_interval"])):
                time.sleep(1)  # a suspension sends thousands of busts

    def _decide(self, job: Job) -> None:
        if self._database and self._database.present(paths.attachment_ids(job.path)):
            # It may have been taken down: do not wait for the next round.
            self._look.set()
            if job.step < len(AGAIN):
                self.jobs.again(job, AGAIN[job.step])
            else:
                self.counts["kept"] += 1
            return
        self.delete(job.path, whole=True)
        self.counts["deleted"] += 1

    def _burial(self, path: str) -> list[tuple[str, str]]:
        return [*((f"delete:{name}", path) for name in self._stores), *self._purges(path)]

    def _purges(self, path: str) -> list[tuple[str, str]]:
        return [("cdn", path)] if self._cdn else []

    def _tell(self, peer: str, path: str) -> None:
        headers = {
            "Host": self.settings["server_names"][0],
            self.settings["bust_header"]: self.settings["bust_secret"],
            "X-Bust-Forwarded": "1",
        }
        tell_peer(peer, path, headers)

    def _work(self, what: str) -> None:
        while True:
            try:
                job = self.jobs.take(what, timeout=60.0)
                if job is not None:
                    self._try(job)
            except sqlite3.Error as error:
                self._say("queue", _reason(error))
                time.sleep(5)

    def _try(self, job: Job) -> None:
        try:
            if job.what == "decide":
                self._decide(job)
            else:
                self._workers[job.what](job.path)
        except Exception as error:  # whatever it is: a thread that ends would be missed by nobody
            self._say(job.what, _reason(error))
            self.jobs.retry(job)
            return
        # A job that has asked to be looked at again is no longer this one, and stays.
        self.jobs.done(job)
        if job.what in self._trouble:
            self._say(job.what, "")
            self.jobs.hurry(job.what)

    def _say(self, what: str, trouble: str) -> None:
        """Log what has changed since the last time, and no more."""
        with self._lock:
            before = self._trouble.get(what, "")
            if trouble:
                self._trouble[what] = trouble
            else:
                self._trouble.pop(what, None)
        if trouble != before:
            log(f"{what}: {trouble or 'works again'}")
