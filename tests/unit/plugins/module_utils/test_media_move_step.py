# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a move over stores that live in memory, with a unit that does what rclone would do."""

from __future__ import annotations

import hashlib
import random
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import (
    _media_move_books,
    _media_move_desk,
    _media_move_step,
    _media_move_stores,
)
from ansible_collections.fediops.mastodon.plugins.module_utils._media_move import Seen
from ansible_collections.fediops.mastodon.plugins.module_utils._media_move_places import Place

TARGET = Place("target", endpoint_url="http://new.test", bucket="new", access_key="a", secret_key="target-secret")
OLD = Place("old", endpoint_url="http://old.test", bucket="old", prefix="p", access_key="a", secret_key="old-secret")
OPTIONS: dict[str, Any] = {
    "switched": False,
    "again": False,
    "retire": False,
    "cache": True,
    "spared": [],
    "quiet_days": 30,
    "media_hosts": ["tempo"],
    "max_deletions": 20,
    "free_bytes": -1,
    "bandwidth": "",
    "transfers": 2,
    "wait": 0,
}
HEADERS = {"ContentType": "image/png", "CacheControl": "immutable"}
Content = tuple[bytes, dict[str, str], bool]  # bytes, headers, written by rclone


class Shelf:
    """A bucket in memory; films have tags that are no MD5 in the old one."""

    content: ClassVar[dict[str, dict[str, Content]]] = {}
    hidden: ClassVar[set[str]] = set()
    acls: ClassVar[dict[str, str]] = {}  # of copies

    def __init__(self, place: Place, _ca: str) -> None:
        self.name = place.bucket
        self.here = self.content[place.bucket]
        self.parts = place.bucket == "old"

    def seen(self, key: str) -> Seen:
        body = self.here[key][0]
        return Seen(len(body), hashlib.md5(body).hexdigest() + ("-2" if self.parts and "film" in key else ""))

    def objects(self) -> Iterator[tuple[str, Seen]]:
        return iter([(key, self.seen(key)) for key in self.here])

    def headers(self, key: str) -> dict[str, str] | None:
        return self.here[key][1] if key in self.here else None

    def is_ours(self, key: str) -> bool:
        return self.here[key][2]

    def is_hidden(self, key: str) -> bool:
        return key in self.hidden if self.name == "old" else self.acls[key] != "public-read"

    def delete(self, key: str, seen: Seen) -> bool:
        if self.seen(key) != seen:
            return False
        del self.here[key]
        return True


class KilledError(Exception):
    """Somebody has pulled the plug."""


class Desk(_media_move_desk.Desk):
    """The unit works at once, or is killed on its way; so may be whoever writes a file."""

    def __init__(self, directory: Path, dice: random.Random | None = None) -> None:
        super().__init__(lambda _argv: (0, ""), directory, directory / "unit")
        self.directory.mkdir(exist_ok=True)
        self.dice = dice
        self.broken = False
        self.headers = True

    def killed(self) -> bool:
        return self.dice is not None and self.dice.random() < 0.1

    def write(self, name: str, text: str) -> Path:
        if self.killed():
            raise KilledError
        return super().write(name, text)

    def start(self, unit: str) -> None:
        lines = [shlex.split(line[10:]) for line in unit.splitlines() if line.startswith("ExecStart=")]
        old, new = Shelf.content["old"], Shelf.content["new"]
        for argv in lines:
            told = dict(word[2:].split("=", 1) for word in argv if word.startswith("--") and "=" in word)
            said = ""
            for key in Path(told["files-from-raw"]).read_text().splitlines():
                if self.killed():
                    return
                if argv[1] == "check" and key in old and key in new:
                    said += f"{'=' if old[key][0] == new[key][0] else '*'} {key}\n"
                    Path(told["combined"]).write_text(said)
                elif argv[1] == "copy" and key in old and not ("--ignore-existing" in argv and key in new):
                    body = old[key][0][:-1] if self.broken else old[key][0]
                    new[key] = (body, old[key][1] if self.headers else {}, True)
                    Shelf.acls[key] = told.get("s3-acl", "")
        self.path("job.done").touch()

    def running(self) -> bool:
        return False


@pytest.fixture(autouse=True)
def stores(monkeypatch: pytest.MonkeyPatch) -> None:
    Shelf.content = {"old": {}, "new": {"app.png": (b"app", HEADERS, False)}}
    Shelf.hidden, Shelf.acls = set(), {}
    for number in range(8):
        for key in (f"files/{number}.png", f"cache/{number}.png", f"files/film{number}"):
            Shelf.content["old"][key] = (key.encode() * 3, HEADERS, False)
    monkeypatch.setattr(_media_move_stores, "Bucket", Shelf)


def run(
    desk: Desk, place: Place = OLD, most: int = 60, target: Place = TARGET, **options: Any
) -> _media_move_step.Step:
    """Take steps until nothing is left for now."""
    for _number in range(most):
        books = _media_move_books.Books(desk.path("objects.sqlite"))
        try:
            step = _media_move_step.Step(desk, books, target, [place], {**OPTIONS, **options})
            if not step.take()[0]:
                return step
        except KilledError:
            pass
        finally:
            books.close()
        options.pop("again", None)
    raise AssertionError("it never ends")


def test_everything_is_copied_and_the_keys_are_gone(tmp_path: Path) -> None:
    assert run(Desk(tmp_path)).state == "verified"
    assert {key: value[:2] for key, value in Shelf.content["new"].items() if key != "app.png"} == {
        key: value[:2] for key, value in Shelf.content["old"].items()
    }
    assert not [path for path in tmp_path.iterdir() if b"old-secret" in path.read_bytes()]


@pytest.mark.parametrize("seed", range(25))
def test_killed_anywhere_it_ends_the_same(tmp_path: Path, seed: int) -> None:
    desk = Desk(tmp_path, random.Random(seed))
    run(desk, most=400)
    del Shelf.content["old"]["files/1.png"]
    Shelf.content["new"]["files/film2"] = (b"other", HEADERS, False)
    run(desk, most=400)
    assert "files/1.png" not in Shelf.content["new"]
    del Shelf.content["new"]["files/3.png"]
    step = run(desk, most=400, switched=True)
    assert step.state == "fallback"
    wanted = {key: value[0] for key, value in Shelf.content["old"].items() if key != "files/3.png"}
    assert {key: value[0] for key, value in Shelf.content["new"].items()} == {**wanted, "app.png": b"app"}


def test_what_is_always_wrong_ends_with_its_names(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.broken = True
    with pytest.raises(_media_move_step.MoveError, match="16 objects are not right after 3 tries: files/"):
        run(desk)
    desk.broken = False
    assert run(desk).state == "verified"


def test_headers_that_are_never_right_end_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.headers = False
    with pytest.raises(_media_move_step.MoveError, match="24 objects have other headers than at the source"):
        run(desk)
    desk.headers = True
    assert run(desk).state == "verified"


def test_an_emptied_source_and_a_full_disk_are_refused(tmp_path: Path) -> None:
    with pytest.raises(_media_move_step.MoveError, match=r"Nothing was copied\. Give it a larger disk"):
        run(Desk(tmp_path), free_bytes=1000)
    run(Desk(tmp_path))
    Shelf.content["old"].clear()
    with pytest.raises(_media_move_step.MoveError, match="Nothing was deleted"):
        run(Desk(tmp_path))
    assert len(Shelf.content["new"]) == 25
    run(Desk(tmp_path), max_deletions=100)
    assert list(Shelf.content["new"]) == ["app.png"]


def test_hidden_objects_stay_where_they_are(tmp_path: Path) -> None:
    Shelf.hidden = {"files/1.png", "cache/2.png"}
    place = Place(**{**vars(OLD), "acls": True})
    step = run(Desk(tmp_path), place)
    assert (step.state, "files/1.png" in Shelf.content["new"]) == ("verified", False)
    Shelf.hidden = {"cache/2.png"}
    run(Desk(tmp_path), place)
    assert "files/1.png" in Shelf.content["new"]


def test_hidden_objects_are_hidden_where_acls_say_who_reads(tmp_path: Path) -> None:
    Shelf.hidden = {"files/1.png", "cache/2.png"}
    place, target = Place(**{**vars(OLD), "acls": True}), Place(**{**vars(TARGET), "acl": "public-read"})
    assert run(Desk(tmp_path), place, target=target).state == "verified"
    assert {key for key, acl in Shelf.acls.items() if acl == "private"} == Shelf.hidden
    assert set(Shelf.acls.values()) == {"private", "public-read"}


def test_a_wrong_acl_is_found_and_mended(tmp_path: Path) -> None:
    target = Place(**{**vars(TARGET), "acl": "public-read"})
    run(Desk(tmp_path), target=target)
    Shelf.acls["files/1.png"] = "private"
    Shelf.content["old"]["files/new.png"] = (b"new", HEADERS, False)
    assert run(Desk(tmp_path), target=target).state == "verified"
    assert set(Shelf.acls.values()) == {"public-read"}


def test_an_old_place_that_is_emptied_after_the_move_takes_nothing_with_it(tmp_path: Path) -> None:
    run(Desk(tmp_path), switched=True)
    Shelf.content["old"].clear()
    assert run(Desk(tmp_path)).state == "fallback"
    assert len(Shelf.content["new"]) == 25
