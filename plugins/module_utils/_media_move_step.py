# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One step of a move on its host. PRIVATE to the collection: no other code may rely on it.

A step looks at what there is, writes down what it is about to do, and does it; whatever kills it in between, the next
one looks again. Only the unit copies, and it is never started while it runs.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils import (
    _media_move,
    _media_move_hits,
    _media_move_plan,
    _media_move_rclone,
    _media_move_stores,
    _media_move_words,
)
from ansible_collections.fediops.mastodon.plugins.module_utils._media_move import Act, Book
from ansible_collections.fediops.mastodon.plugins.module_utils._media_move_books import TARGET, Books
from ansible_collections.fediops.mastodon.plugins.module_utils._media_move_desk import Desk
from ansible_collections.fediops.mastodon.plugins.module_utils._media_move_places import Place, room_needed

SAMPLE, LARGE = 1000, 5 * 2**20
TRIES = 3
MONTH = 30 * 86400


class MoveError(Exception):
    """The move cannot go on by itself; the text says why and what to do."""


class Step:
    """What one call of the module does."""

    def __init__(self, desk: Desk, books: Books, target: Place, sources: Sequence[Place], options: Mapping[str, Any]):
        """Take what the admin has declared."""
        self._desk, self._books, self._target, self._options = desk, books, target, options
        self._sources = {source.name: source for source in sources}
        self._record: dict[str, Any] = {"state": "declared", "finished": [], "tries": {}, **desk.record()}
        self.changed = False
        if options["switched"]:
            self._record["switched"] = True
        if options["again"]:
            self._record["finished"] = []

    @property
    def state(self) -> str:
        """Where the move is."""
        return str(self._record["state"])

    @property
    def counts(self) -> dict[str, int]:
        """How many keys are in each state of the book."""
        return self._books.counts()

    def take(self) -> tuple[bool, str]:
        """Take the step; return whether there is more to do at once, and what is going on."""
        self._save()  # what this call was told, such as that the app has switched
        if self._record.get("job"):
            return self._follow()
        open_ones = [name for name in self._sources if name not in self._record["finished"]]
        if open_ones:
            return self._move(open_ones)
        self._rest()
        return False, ""

    def preview(self) -> _media_move_plan.Plan | None:
        """List and work out what is to be done, and do nothing; the books are a copy."""
        open_ones = [name for name in self._sources if name not in self._record["finished"]]
        return self._look(open_ones)[0] if open_ones else None

    def facts(self) -> dict[str, Any]:
        """Return what a report tells."""
        more = {"bytes": self._books.proven_bytes(), "quiet_days": self._options["quiet_days"]}
        return {"from": list(self._sources), "hits": {}, "quiet": {}, **self._record, **more}

    # The unit is at work, or has been.
    def _follow(self) -> tuple[bool, str]:
        job = self._record["job"]
        end = time.monotonic() + self._options["wait"]
        while self._desk.running():
            if time.monotonic() > end:
                return True, self._progress(job)
            time.sleep(0.5)
        if job["what"] == "compare":
            self._compared(job)
        said = [line for log in job["logs"] for line in _media_move_rclone.complaints(self._desk.tail(log))]
        whole = self._desk.path("job.done").exists()
        self._record["complaints"] = said or ([] if whole else ["rclone was ended before it was done"])
        line = self._progress(job) + ("" if whole else "; it was ended, and goes on")
        self._record["job"] = None
        self._save()
        self._desk.clear_job()
        return True, line

    def _progress(self, job: Mapping[str, Any]) -> str:
        done = [_media_move_rclone.progress(self._desk.tail(log)) for log in job["logs"]]
        elapsed = time.time() - job["started"]
        return _media_move_words.progress(job, sum(each[0] for each in done), sum(each[1] for each in done), elapsed)

    def _compared(self, job: Mapping[str, Any]) -> None:
        entries = []
        for place, result in job["results"]:
            for key, equal in _media_move_rclone.comparison(self._desk.read(result)):
                source, target = self._books.at_source(place, key), self._books.at_target(key)
                if equal is not None and source is not None and target is not None:
                    state = _media_move.after_comparing(self._books.entry(key), equal)
                    copy = target.tag if state == "proven" else ""
                    entries.append((key, Book(place, state, source.size, source.tag, copy)))
        self._books.write(entries)

    def _look(self, names: Sequence[str]) -> tuple[_media_move_plan.Plan, dict[str, Any], _media_move_stores.Bucket]:
        bundle = self._desk.certificates([self._target.tls_ca, *(place.tls_ca for place in self._sources.values())])
        target = _media_move_stores.Bucket(self._target, bundle)
        shelves: dict[str, Any] = {
            name: _media_move_stores.Directory(self._sources[name])
            if self._sources[name].directory
            else _media_move_stores.Bucket(self._sources[name], bundle)
            for name in names
        }
        for name, shelf in [*shelves.items(), (TARGET, target)]:
            self._books.list_place(name, shelf.objects())
        self._books.forget_places([*names, TARGET])
        found = _media_move_plan.plan(
            self._books.rows(), names, TARGET, self._switched, self._options["cache"], self._options["spared"]
        )
        self._ask(found, target)
        self._keep_hidden(found, shelves)
        self._refuse(found)
        return found, shelves, target

    @property
    def _switched(self) -> bool:
        return bool(self._record.get("switched"))

    def _ask(self, found: _media_move_plan.Plan, target: _media_move_stores.Bucket) -> None:
        ours = _media_move_stores.each(target.is_ours, [item.key for item in found.ask])
        for item, answer in zip(found.ask, ours):
            found.add(item, _media_move.after_asking(item.seen, answer))

    def _keep_hidden(self, found: _media_move_plan.Plan, shelves: Mapping[str, Any]) -> None:
        """What an ACL hides is copied with one that hides it, or stays where it is if a policy would show it."""
        for what, piles in (("local", found.local), ("cache", found.cache)):
            copied = piles[Act.COPY] + (piles[Act.AGAIN] if self._target.acl else [])
            asked = [item for item in copied if self._sources[item.source].acls]
            hidden = _media_move_stores.each(lambda item: shelves[item.source].is_hidden(item.key), asked)
            gone = {item.key: item for item, is_hidden in zip(asked, hidden) if is_hidden}
            if self._target.acl:
                found.hidden |= gone.keys()
            elif gone:
                piles[Act.COPY] = [item for item in piles[Act.COPY] if item.key not in gone]
                found.objects[what] -= len(gone)
                found.notes += [(item.key, _media_move_plan.noted(item, "hidden")) for item in gone.values()]

    def _refuse(self, found: _media_move_plan.Plan) -> None:
        """Stop before the first change when the listings look like an accident, or when there is no room."""
        percent = self._options["max_deletions"]
        for name in self._sources:
            going, known = sum(item.source == name for item in found.delete), self._books.proven_of(name)
            if _media_move.too_many_deletions(going, known, percent):
                raise MoveError(
                    f"{name} lacks {going} of the {known} objects that have been copied from it, more than {percent} %."
                    " Is a disk not mounted, or a bucket emptied? Nothing was deleted. If Mastodon has deleted them,"
                    " say -e media_move_max_deletions=100."
                )
        copied = found.objects["local"] + found.objects["cache"]
        needed = room_needed(copied, found.size["local"] + found.size["cache"])
        free = self._options["free_bytes"]
        if copied and 0 <= free < needed:
            raise MoveError(
                f"The store has {_media_move_words.size(free)} free, and these {copied} objects need"
                f" {_media_move_words.size(needed)}. Nothing was copied. Give it a larger disk."
            )

    # Something may be left to copy, to delete or to compare.
    def _move(self, names: Sequence[str]) -> tuple[bool, str]:
        found, shelves, target = self._look(names)
        self._record.update(odd=found.odd, odd_count=found.odd_count)
        self._books.write(found.notes)
        deleted = _media_move_stores.each(
            lambda item: target.delete(item.key, item.target) if item.target else False, found.delete
        )
        self._books.write(
            (item.key, _media_move_plan.noted(item, "gone")) for item, done in zip(found.delete, deleted) if done
        )
        self.changed = self.changed or any(deleted)
        directories = [name for name in names if self._sources[name].directory]
        chosen = _media_move_plan.portion(found, directories, self._target.acl)
        if chosen is not None:
            self._enter(_media_move.next_state(found.left(), self._switched))
            return True, self._begin(chosen, found)
        if self._record.get("unchecked"):
            return True, self._compare_headers(shelves, target)
        self._enter(_media_move.next_state(found.left(), self._switched))
        self._record["tries"] = {}
        if self._switched:
            self._record["finished"] = sorted({*self._record["finished"], *names})
        self._save()
        self._desk.tidy()
        return self._switched, ""

    def _begin(self, chosen: _media_move_plan.Portion, found: _media_move_plan.Plan) -> str:
        left = found.objects[chosen.what]
        self._count_try(chosen.what, [item.key for item in chosen.items()], left)
        self._desk.clear_job()
        remotes = {name: f"from{number}" for number, name in enumerate(self._sources)}
        places = [("target", self._target), *((remotes[name], place) for name, place in self._sources.items())]
        config = self._desk.write("rclone.conf", _media_move_rclone.config(places))
        ca = self._desk.path("ca.pem")
        commands, logs, results = [], [], []
        for number, (batch, items) in enumerate(chosen.batches.items()):
            self._desk.write(f"job{number}.list", "".join(f"{item.key}\n" for item in items))
            files = {name: str(self._desk.path(f"job{number}.{name}")) for name in ("list", "log", "result")}
            files.update(config=str(config), ca=str(ca) if ca.exists() else "")
            source = self._sources[batch.source]
            commands.append(
                _media_move_rclone.command(batch, source, remotes[batch.source], self._target, files, self._options)
            )
            logs.append(f"job{number}.log")
            results.append([batch.source, f"job{number}.result"])
        self._books.write(_media_move_plan.planned(chosen))
        size = sum(item.seen.size for item in chosen.items() if item.seen)
        job = {"what": chosen.what, "objects": len(chosen.items()), "bytes": size, "started": time.time()}
        self._record["job"] = {**job, "logs": logs, "results": results}
        self._record["unchecked"] = True
        self._save()
        done = str(self._desk.path("job.done"))
        self._desk.start(_media_move_rclone.unit(commands, str(self._desk.directory), done))
        return self._progress(self._record["job"])

    def _count_try(self, kind: str, names: Sequence[str], total: int) -> None:
        """Stop when as much is left after several tries."""
        tries = self._record["tries"]
        last = tries.get(kind, {})
        number = last.get("number", 0) + 1 if last.get("left") == total else 1
        if number > TRIES:
            self._record["tries"] = {}
            self._save()
            said = "; ".join(self._record.get("complaints") or []) or "rclone did not say why"
            what = "have other headers than at the source" if kind == "headers" else "are not right"
            raise MoveError(
                f"{total} objects {what} after {TRIES} tries: {_media_move_words.listed(names, total)}. {said}"
            )
        tries[kind] = {"left": total, "number": number}

    def _compare_headers(self, shelves: Mapping[str, Any], target: _media_move_stores.Bucket) -> str:
        """Compare what browsers get to see, and whether they do, of a sample; what is different is copied again."""
        sample = [(key, place) for key, place in self._books.sample(SAMPLE, LARGE) if place in shelves]
        sides = _media_move_stores.each(
            lambda each: (
                self._shown(self._sources[each[1]], shelves[each[1]], each[0]),
                self._shown(self._target, target, each[0]),
            ),
            sample,
        )
        wrong = [key for (key, _place), (one, other) in zip(sample, sides) if None not in (one, other) and one != other]
        entries = [(key, entry) for key in wrong if (entry := self._books.entry(key)) is not None]
        # Everything else is right now, and has as many tries again.
        self._record["tries"] = {"headers": self._record["tries"].get("headers", {})}
        if wrong:
            self._count_try("headers", wrong, len(wrong))
        self._books.write((key, Book(old.source, "differs", old.size, old.tag)) for key, old in entries)
        self._record.update(headers=len(sample), unchecked=bool(wrong))
        self._save()
        return f"comparing headers: {len(sample)} objects, {len(wrong)} differ"

    def _shown(self, place: Place, shelf: Any, key: str) -> dict[str, str] | None:
        found: dict[str, str] | None = shelf.headers(key)
        if found is not None and self._target.acl:
            found = {**found, "ACL": "hidden" if place.hides and shelf.is_hidden(key) else "public"}
        return found

    # Nothing is left to copy.
    def _rest(self) -> None:
        seen = _media_move_hits.samples(self._desk.read("hits"))
        now, names = time.time(), list(self._sources)
        quiet = _media_move_hits.quiet_days(seen, self._options["media_hosts"], names, now)
        self._record["quiet"] = quiet
        self._record["hits"] = {name: _media_move_hits.hits(seen, name, now - MONTH) for name in names}
        self._enter(_media_move.resting_state(self.state, quiet, self._options["quiet_days"], self._options["retire"]))
        self._save()

    def _enter(self, state: str) -> None:
        if state != self.state:
            self._record["state"] = state
            self._record.setdefault("since", {})[state] = round(time.time())
            self.changed = True

    def _save(self) -> None:
        self._desk.save(self._record)
