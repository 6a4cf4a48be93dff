# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a listing of all places leaves to do, and in which portions. PRIVATE to the collection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.fediops.mastodon.plugins.module_utils import _media_move, _media_move_rclone
from ansible_collections.fediops.mastodon.plugins.module_utils._media_move import Act, Book, Left, Seen

# A job that is killed begins its comparison anew, and passes over what it has copied.
MOST_COPIED, MOST_COMPARED, MOST_COMPARED_BYTES = 500_000, 20_000, 20 * 2**30


@dataclass(frozen=True)
class Item:
    """A key that wants something."""

    key: str
    source: str
    seen: Seen | None  # at the source
    target: Seen | None
    book: Book | None


@dataclass
class Plan:
    """Everything that is to be done; of what is copied and compared, the first portion."""

    local: dict[Act, list[Item]] = field(default_factory=lambda: {Act.COPY: [], Act.AGAIN: []})
    cache: dict[Act, list[Item]] = field(default_factory=lambda: {Act.COPY: [], Act.AGAIN: []})
    compare: list[Item] = field(default_factory=list)
    delete: list[Item] = field(default_factory=list)
    ask: list[Item] = field(default_factory=list)
    notes: list[tuple[str, Book]] = field(default_factory=list)
    objects: Counter[str] = field(default_factory=Counter)
    size: Counter[str] = field(default_factory=Counter)
    hidden: set[str] = field(default_factory=set)  # keys whose copies must be as hidden as they are
    odd: list[str] = field(default_factory=list)  # names that cannot be in a list
    odd_count: int = 0

    def left(self) -> Left:
        """Count what is left to do."""
        return Left(self.objects["local"], self.objects["cache"], self.objects["compare"])

    def add(self, item: Item, act: Act) -> None:
        """Take up what is to be done about a key."""
        if act in (Act.COPY, Act.AGAIN) and item.seen is not None:
            where = "cache" if item.key.startswith(_media_move.CACHE) else "local"
            piles = self.cache if where == "cache" else self.local
            self.objects[where] += 1
            self.size[where] += item.seen.size
            if len(piles[act]) < MOST_COPIED:
                piles[act].append(item)
        elif act is Act.PROVE and item.seen is not None:
            self.objects["compare"] += 1
            self.size["compare"] += item.seen.size
            fits = len(self.compare) < MOST_COMPARED and self.size["compare"] <= MOST_COMPARED_BYTES
            if fits or not self.compare:
                self.compare.append(item)
        elif act is Act.DELETE:
            self.delete.append(item)
        elif act is Act.ASK:
            self.ask.append(item)
        elif act in NOTES:
            self.notes.append((item.key, noted(item, NOTES[act])))


NOTES = {Act.NOTE_PROVEN: "proven", Act.NOTE_GONE: "gone", Act.NOTE_KEPT: "kept"}


def noted(item: Item, state: str) -> Book:
    """Return the entry that says this of a key."""
    seen = item.seen or (Seen(item.book.size, item.book.tag) if item.book else Seen(0, ""))
    return Book(item.source, state, seen.size, seen.tag, item.target.tag if item.target and state == "proven" else "")


def plan(
    rows: Iterable[tuple[str, Mapping[str, Seen], Book | None]],
    sources: Sequence[str],
    target: str,
    switched: bool,
    cache: bool = True,
    spared: Collection[str] = (),
) -> Plan:
    """Work out what is to be done about every key. Of several sources that have a key the first counts."""
    found = Plan()
    for key, seen, book in rows:
        here = [name for name in sources if name in seen]
        if not _media_move.concerns(key, cache, tuple(spared)) or not (here or book):
            continue
        if book is not None and book.source not in sources:
            continue  # from a place whose move has ended, or that was taken out of the list
        if not _media_move.movable(key):
            found.odd_count += 1
            found.odd += [key] if len(found.odd) < 20 else []
            continue
        source = book.source if book is not None else here[0]
        item = Item(key, source, seen.get(source), seen.get(target), book)
        found.add(item, _media_move.decide(item.seen, item.target, book, switched))
    return found


@dataclass(frozen=True)
class Portion:
    """What one run of the unit works through."""

    what: str  # local, cache or compare
    batches: Mapping[_media_move_rclone.Batch, list[Item]]

    def items(self) -> list[Item]:
        """Return all of it."""
        return [item for batch in self.batches.values() for item in batch]


def portion(found: Plan, directories: Collection[str], acl: str = "") -> Portion | None:
    """Return what comes next: uploads of our own people, then other servers' media, then comparing; None at the end.

    Where an ACL makes objects public, each copy gets this one, or the one that hides it.
    """
    for what, piles in (("local", found.local), ("cache", found.cache)):
        batches: dict[_media_move_rclone.Batch, list[Item]] = {}
        for act, kind in ((Act.COPY, "copy"), (Act.AGAIN, "again")):
            for item in piles[act]:
                kind_of_file = _media_move_rclone.content_type(item.key) if item.source in directories else ""
                own = "private" if acl and item.key in found.hidden else acl
                batches.setdefault(_media_move_rclone.Batch(kind, item.source, kind_of_file, own), []).append(item)
        if batches:
            return Portion(what, batches)
    compared: dict[_media_move_rclone.Batch, list[Item]] = {}
    for item in found.compare:
        # A file of the disk is summed up on the spot; both sides are read where the store tells no sum.
        by_sum = item.source in directories and item.target is not None and _media_move.is_md5(item.target.tag)
        compared.setdefault(_media_move_rclone.Batch("hash" if by_sum else "download", item.source), []).append(item)
    return Portion("compare", compared) if compared else None


def planned(chosen: Portion) -> list[tuple[str, Book]]:
    """Return the entries that say that these keys are being copied; written before the first one is."""
    if chosen.what == "compare":
        return []
    return [(item.key, noted(item, "planned")) for item in chosen.items()]
