# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do with each object of a move, and what comes next. PRIVATE to the collection.

Nothing is remembered of how far a run came: each step lists all places and works out what is missing. What is
remembered is one entry a key, the book: what was copied from where, and whether the copy has been proven. It tells
our own copies from what the app has uploaded to the target, and what the app has deleted from what is not copied yet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from ansible_collections.fediops.mastodon.plugins.module_utils import _round_trip

_MD5 = re.compile(r"[0-9a-f]{32}\Z")
# What the media host serves; rclone and the lists that it reads have trouble with much of the rest.
_KEY = re.compile(r"(?!.*(?:^|/)\.{1,2}(?:/|\Z))[^\x00-\x1f\x7f/]+(?:/[^\x00-\x1f\x7f/]+)*\Z")

# In the order in which they are reached.
STATES = (
    "declared",
    "copying-local",
    "copying-cache",
    "verifying",
    "verified",  # waits until new uploads go to the target
    "delta",
    "fallback",  # the old places stay behind the new one
    "retirable",
    "retired",
)
CACHE = "cache/"  # other servers' media, which Mastodon can fetch again
# Fewer deletions than this are never too many.
FEW = 100


@dataclass(frozen=True)
class Seen:
    """An object in a listing; the tag changes when the content does."""

    size: int
    tag: str


@dataclass(frozen=True)
class Book:
    """What is remembered of a key."""

    source: str
    state: str  # planned, differs, proven, kept (the target's own), gone (deleted on purpose), hidden (at the source)
    size: int  # of the source's object when it was copied
    tag: str
    copy: str = ""  # tag of the copy when it was proven


class Act(Enum):
    """What is to be done about a key."""

    NOTHING = "nothing"
    COPY = "copy"
    AGAIN = "copy again"
    PROVE = "compare the contents"
    DELETE = "delete"
    ASK = "see whose object it is"
    NOTE_PROVEN = "note that it is proven"
    NOTE_GONE = "note that it was deleted"
    NOTE_KEPT = "note that the target's own stays"


def same(source: Seen, target: Seen) -> bool | None:
    """Tell whether two objects have the same content; None when only reading them can tell.

    A tag is the MD5 of the content, unless it was uploaded in parts or is encrypted with a key of the provider's.
    """
    if source.size != target.size:
        return False
    return True if source.tag == target.tag and is_md5(source.tag) else None


def is_md5(tag: str) -> bool:
    """Tell whether a tag can be the MD5 of the content."""
    return _MD5.match(tag) is not None


def decide(source: Seen | None, target: Seen | None, book: Book | None, switched: bool) -> Act:
    """Say what to do about a key. Until the switch the source is right, then whatever the app has done at the target.

    What we have not written is neither overwritten nor deleted.
    """
    if book is None:
        return _unknown(source, target)
    if book.state in ("gone", "kept"):
        return _settled(source, target, book, switched)
    if source is None:
        return _deleted_at_source(target, book)
    if target is None:
        # A copy that has been seen and is there no more was deleted by the app, if it is the app's store already.
        return Act.NOTE_GONE if switched and book.state == "proven" else Act.COPY
    if book.state == "proven":
        copy_stands = target.tag == book.copy and target.size == book.size
        if copy_stands and Seen(book.size, book.tag) == source:
            return Act.NOTHING
        return Act.AGAIN if copy_stands or not switched else Act.NOTE_KEPT
    equal = False if book.state == "differs" else same(source, target)
    if equal is None:
        return Act.PROVE
    if equal:
        return Act.NOTE_PROVEN
    return Act.ASK if switched else Act.AGAIN


def _unknown(source: Seen | None, target: Seen | None) -> Act:
    if source is None:
        return Act.NOTHING
    if target is None:
        return Act.COPY
    # Somebody has copied it before us, or it is another object: then visitors have been shown the target's until now.
    return {True: Act.NOTE_PROVEN, None: Act.PROVE, False: Act.NOTE_KEPT}[same(source, target)]


def _settled(source: Seen | None, target: Seen | None, book: Book, switched: bool) -> Act:
    if source is None or target is not None:
        return Act.NOTHING
    if not switched:
        return Act.COPY
    return Act.NOTHING if book.state == "gone" else Act.NOTE_GONE


def _deleted_at_source(target: Seen | None, book: Book) -> Act:
    if target is None:
        return Act.NOTE_GONE
    if book.state == "proven":
        return Act.DELETE if target.tag == book.copy else Act.NOTE_KEPT
    return Act.DELETE if same(Seen(book.size, book.tag), target) else Act.ASK


def after_asking(source: Seen | None, ours: bool) -> Act:
    """Say what to do about a key once it is known whose the target's object is."""
    if not ours:
        return Act.NOTE_KEPT
    return Act.DELETE if source is None else Act.AGAIN


def after_comparing(book: Book | None, equal: bool) -> str:
    """Return the state of a key whose contents were read and compared. What we have not written stays as it is."""
    if equal:
        return "proven"
    return "differs" if book is not None and book.state in ("planned", "differs", "proven") else "kept"


def movable(key: str) -> bool:
    """Tell whether a key can be a name in a list; Mastodon's own always can."""
    return _KEY.match(key) is not None and not any("\ud800" <= letter <= "\udfff" for letter in key)


def concerns(key: str, cache: bool, spared: tuple[str, ...]) -> bool:
    """Tell whether a key is part of the move: not the canary and the traces of health checks, which each store has."""
    return (cache or not key.startswith(CACHE)) and key not in spared and not key.startswith(_round_trip.PREFIX)


def too_many_deletions(deletions: int, known: int, percent: int) -> bool:
    """Tell whether so much was deleted that a disk may not be mounted or a bucket was emptied."""
    return (deletions > FEW or deletions == known) and deletions * 100 > known * percent


@dataclass(frozen=True)
class Left:
    """How many keys still want something."""

    local: int = 0
    cache: int = 0
    unproven: int = 0

    def anything(self) -> bool:
        """Tell whether there is work."""
        return bool(self.local or self.cache or self.unproven)


def next_state(left: Left, switched: bool) -> str:
    """Return the state that follows from what a listing of all places has left to do.

    A listing that was made after the switch and leaves nothing is the end of the delta.
    """
    if left.anything() and switched:
        return "delta"
    if left.local:
        return "copying-local"
    if left.cache:
        return "copying-cache"
    if left.unproven:
        return "verifying"
    return "fallback" if switched else "verified"


def resting_state(state: str, quiet: Mapping[str, float], days: int, retire: bool) -> str:
    """Return the state of a move that has nothing left to copy; `quiet` has the days without a hit of each place."""
    if state == "retired":
        return state
    if quiet and min(quiet.values()) >= days:
        return "retired" if retire else "retirable"
    return "fallback"
