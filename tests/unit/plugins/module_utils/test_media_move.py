# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A move in a world where the app writes and deletes, copies go wrong, and whatever works is killed at any moment."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _media_move as move
from ansible_collections.fediops.mastodon.plugins.module_utils import _media_move_plan as planning
from ansible_collections.fediops.mastodon.plugins.module_utils._media_move import Act, Book, Seen
from hypothesis import given
from hypothesis import strategies as st

MD5 = "0" * 32
ONE, OTHER, PARTS = Seen(5, MD5), Seen(5, "1" * 32), Seen(5, f"{MD5}-2")
LONGER = Seen(6, "2" * 32)
PLANNED, PROVEN = Book("old", "planned", 5, MD5), Book("old", "proven", 5, MD5, MD5)


@pytest.mark.parametrize(
    ("source", "target", "book", "before", "after"),
    [
        # nobody has touched it yet
        (ONE, None, None, Act.COPY, Act.COPY),
        (None, ONE, None, Act.NOTHING, Act.NOTHING),
        (ONE, ONE, None, Act.NOTE_PROVEN, Act.NOTE_PROVEN),
        (PARTS, ONE, None, Act.PROVE, Act.PROVE),
        (ONE, LONGER, None, Act.NOTE_KEPT, Act.NOTE_KEPT),
        # handed to rclone
        (ONE, None, PLANNED, Act.COPY, Act.COPY),
        (ONE, ONE, PLANNED, Act.NOTE_PROVEN, Act.NOTE_PROVEN),
        (PARTS, OTHER, PLANNED, Act.PROVE, Act.PROVE),
        (ONE, LONGER, PLANNED, Act.AGAIN, Act.ASK),
        (None, None, PLANNED, Act.NOTE_GONE, Act.NOTE_GONE),
        (None, ONE, PLANNED, Act.DELETE, Act.DELETE),
        (None, OTHER, PLANNED, Act.ASK, Act.ASK),
        (ONE, OTHER, Book("old", "differs", 5, MD5), Act.AGAIN, Act.ASK),
        # proven
        (ONE, ONE, PROVEN, Act.NOTHING, Act.NOTHING),
        (ONE, None, PROVEN, Act.COPY, Act.NOTE_GONE),
        (ONE, OTHER, PROVEN, Act.AGAIN, Act.NOTE_KEPT),
        (OTHER, ONE, PROVEN, Act.AGAIN, Act.AGAIN),
        (None, ONE, PROVEN, Act.DELETE, Act.DELETE),
        (None, OTHER, PROVEN, Act.NOTE_KEPT, Act.NOTE_KEPT),
        (None, None, PROVEN, Act.NOTE_GONE, Act.NOTE_GONE),
        # settled
        (ONE, None, Book("old", "gone", 5, MD5), Act.COPY, Act.NOTHING),
        (None, ONE, Book("old", "gone", 5, MD5), Act.NOTHING, Act.NOTHING),
        (ONE, OTHER, Book("old", "kept", 5, MD5), Act.NOTHING, Act.NOTHING),
        (ONE, None, Book("old", "kept", 5, MD5), Act.COPY, Act.NOTE_GONE),
    ],
)
def test_what_is_done_about_a_key(
    source: Seen | None, target: Seen | None, book: Book | None, before: Act, after: Act
) -> None:
    assert move.decide(source, target, book, switched=False) is before
    assert move.decide(source, target, book, switched=True) is after


def test_what_is_not_ours_stays() -> None:
    assert move.after_asking(ONE, ours=False) is Act.NOTE_KEPT
    assert move.after_asking(ONE, ours=True) is Act.AGAIN
    assert move.after_asking(None, ours=True) is Act.DELETE
    assert move.after_comparing(None, equal=False) == "kept"
    assert move.after_comparing(PLANNED, equal=False) == "differs"


def test_names_that_cannot_be_in_a_list_are_left() -> None:
    assert move.movable("media_attachments/files/1/original/a b~ü.png")
    for odd in ("", "/a", "a/", "a//b", "a/../b", "./a", "a\nb", "a\x7f", "a\udc80"):
        assert not move.movable(odd), odd


def test_canary_and_health_checks_are_no_part_of_a_move() -> None:
    assert move.concerns("cache/a.png", True, ("canary",))
    assert not move.concerns("cache/a.png", False, ())
    assert not move.concerns("canary", True, ("canary",))
    assert not move.concerns("fediops-health/1", True, ())


def test_an_empty_disk_is_no_wish_to_delete() -> None:
    assert move.too_many_deletions(7, 7, 20)
    assert move.too_many_deletions(300, 1000, 20)
    assert not move.too_many_deletions(90, 100, 20)
    assert not move.too_many_deletions(1000, 1000, 100)
    assert not move.too_many_deletions(0, 0, 20)


def test_states_follow_from_what_is_left() -> None:
    assert move.next_state(move.Left(1, 1, 1), False) == "copying-local"
    assert move.next_state(move.Left(0, 1, 1), False) == "copying-cache"
    assert move.next_state(move.Left(0, 0, 1), False) == "verifying"
    assert move.next_state(move.Left(), False) == "verified"
    assert move.next_state(move.Left(0, 0, 1), True) == "delta"
    assert move.next_state(move.Left(), True) == "fallback"
    assert move.resting_state("fallback", {"a": 31, "b": 29}, 30, True) == "fallback"
    assert move.resting_state("fallback", {"a": 31, "b": 30}, 30, False) == "retirable"
    assert move.resting_state("retirable", {"a": 31}, 30, True) == "retired"
    assert move.resting_state("retirable", {"a": 1}, 30, True) == "fallback"
    assert move.resting_state("fallback", {}, 30, True) == "fallback"
    assert move.resting_state("retired", {"a": 0}, 30, False) == "retired"
    assert {"fallback", "retirable", "retired", "verified", "delta"} < set(move.STATES)


class KilledError(Exception):
    """Somebody has pulled the plug."""


@dataclass
class World:
    """Two stores and a book. A source's object in parts has a tag that tells nothing of its content."""

    dice: random.Random
    source: dict[str, str] = field(default_factory=dict)
    target: dict[str, str] = field(default_factory=dict)
    ours: dict[str, bool] = field(default_factory=dict)  # whether rclone wrote what is at the target
    book: dict[str, Book] = field(default_factory=dict)
    kills: int = 0
    switched: bool = False

    def pulse(self) -> None:
        """Between any two things that are done."""
        if self.kills and self.dice.random() < 0.15:
            self.kills -= 1
            raise KilledError

    @staticmethod
    def seen(key: str, content: str, parts: bool) -> Seen:
        tag = hashlib.md5(content.encode()).hexdigest()
        return Seen(len(content), f"{tag[:30]}-2" if parts and key.endswith("mp4") else tag)

    def rows(self) -> list[tuple[str, dict[str, Seen], Book | None]]:
        found = []
        for key in sorted({*self.source, *self.target, *self.book}):
            seen = {"old": self.seen(key, self.source[key], True)} if key in self.source else {}
            if key in self.target:
                seen[""] = self.seen(key, self.target[key], False)
            found.append((key, seen, self.book.get(key)))
        return found

    def step(self) -> bool:
        """One step, as the module takes it; return whether something was left."""
        found = planning.plan(self.rows(), ["old"], "", self.switched)
        for item in found.ask:
            found.add(item, move.after_asking(item.seen, self.ours[item.key]))
        self.pulse()
        self.book.update(found.notes)
        for item in found.delete:
            self.pulse()
            assert self.ours[item.key], "deleted what the app has written"
            del self.target[item.key]
            self.pulse()
            self.book[item.key] = planning.noted(item, "gone")
        chosen = planning.portion(found, [])
        if chosen is None:
            return bool(found.delete or found.notes)
        self.book.update(planning.planned(chosen))
        self.pulse()
        for batch, items in chosen.batches.items():
            for item in items:
                self.pulse()
                self.work(batch.kind, item)
        return True

    def work(self, kind: str, item: planning.Item) -> None:
        key = item.key
        if kind in ("copy", "again"):
            if key in self.source and not (kind == "copy" and key in self.target):
                assert self.ours.get(key, True) or key not in self.target or not self.switched
                wrong = self.dice.random() < 0.1
                self.target[key] = self.source[key][:-1] + "?" if wrong else self.source[key]
                self.ours[key] = True
        elif key in self.source and key in self.target:
            state = move.after_comparing(self.book.get(key), self.source[key] == self.target[key])
            source, target = self.seen(key, self.source[key], True), self.seen(key, self.target[key], False)
            self.book[key] = Book("old", state, source.size, source.tag, target.tag if state == "proven" else "")

    def settle(self) -> None:
        """Run again and again, as an admin does."""
        for _attempt in range(500):
            try:
                if not self.step():
                    return
            except KilledError:
                continue
        raise AssertionError("it never ends")


KEYS = [f"{folder}/{number}.{end}" for folder in ("cache", "files") for number in range(3) for end in ("png", "mp4")]


def filled(seed: int, kills: int) -> World:
    """A source with files, and a target with one upload of its own."""
    world = World(random.Random(seed), kills=kills)
    world.source = {key: f"content of {key}" for key in KEYS}
    world.target["app/own.png"], world.ours["app/own.png"] = "own", False
    return world


@given(seed=st.integers(0, 10_000), kills=st.integers(0, 12), gone=st.sets(st.sampled_from(KEYS), max_size=4))
def test_whatever_is_killed_the_end_is_the_same(seed: int, kills: int, gone: set[str]) -> None:
    world = filled(seed, kills)
    for _attempt in range(3):  # some of it, killed or not
        try:
            world.step()
        except KilledError:
            continue
    for key in gone:
        del world.source[key]
    world.source["files/late.mp4"] = "late"
    world.settle()
    assert world.target == {**world.source, "app/own.png": "own"}
    assert {key for key, book in world.book.items() if book.state == "proven"} == set(world.source)


@given(
    seed=st.integers(0, 10_000),
    kills=st.integers(0, 12),
    at_source=st.sets(st.sampled_from(KEYS), max_size=3),
    at_target=st.sets(st.sampled_from(KEYS), max_size=3),
    replaced=st.sets(st.sampled_from(KEYS), max_size=3),
)
def test_after_the_switch_what_the_app_does_stands(
    seed: int, kills: int, at_source: set[str], at_target: set[str], replaced: set[str]
) -> None:
    world = filled(seed, 0)
    world.settle()
    for key in at_source:  # until the switch, the app deletes there
        del world.source[key]
    world.switched, world.kills = True, kills
    for key in at_target:
        del world.target[key]
    for key in replaced - at_target:
        world.target[key], world.ours[key] = "what the app has made of it", False
    world.settle()
    deleted = at_target | (at_source - replaced)
    expected = {key: world.source.get(key, "") for key in set(KEYS) - deleted - replaced}
    expected |= dict.fromkeys(replaced - at_target, "what the app has made of it")
    assert world.target == {**expected, "app/own.png": "own"}


@given(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["planned", "proven", "kept", "gone", "differs"])))
def test_what_the_app_has_uploaded_is_never_deleted(states: dict[str, str]) -> None:
    rows = []
    for key in KEYS:
        state = states.get(key)
        book = Book("old", state, 5, MD5, MD5) if state else None
        rows.append((key, {"": LONGER}, book))
    found = planning.plan(rows, ["old"], "", switched=True)
    assert not found.delete
    assert not found.left().anything()
