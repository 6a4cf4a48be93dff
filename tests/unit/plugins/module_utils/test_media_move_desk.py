# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files, book and words of a move."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _media_move_desk, _media_move_words
from ansible_collections.fediops.mastodon.plugins.module_utils._media_move import Book, Seen
from ansible_collections.fediops.mastodon.plugins.module_utils._media_move_books import Books
from ansible_collections.fediops.mastodon.plugins.module_utils._media_move_places import Place
from ansible_collections.fediops.mastodon.plugins.module_utils._media_move_stores import EVERYBODY, Directory, is_public
from ansible_collections.fediops.mastodon.plugins.module_utils._s3 import StoreError


class Systemd:
    """It remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[Sequence[str]] = []
        self.state = "inactive"

    def __call__(self, argv: Sequence[str]) -> tuple[int, str]:
        self.told.append(argv)
        return 0, f"{self.state}\n" if argv[1] == "show" else ""


def test_files_are_root_s_alone_and_whole(tmp_path: Path) -> None:
    systemd = Systemd()
    desk = _media_move_desk.Desk(systemd, tmp_path / "move", tmp_path / "unit")
    assert desk.open(0)
    assert not _media_move_desk.Desk(systemd, tmp_path / "move", tmp_path / "unit").open(0)
    desk.save({"state": "verified"})
    assert desk.record() == {"state": "verified"}
    assert stat.S_IMODE(desk.path("state.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(desk.directory.stat().st_mode) == 0o700
    desk.write("rclone.conf", "secret")
    desk.write("job0.list", "a\n")
    desk.start("[Unit]\n")
    assert ["systemctl", "start", "--no-block", "media-move.service"] in systemd.told
    for state in ("activating", "active"):
        systemd.state = state
        assert desk.running()
    systemd.state = "failed"
    assert not desk.running()
    assert desk.tidy()
    assert sorted(path.name for path in desk.directory.iterdir()) == ["lock", "state.json"]
    assert not (tmp_path / "unit").exists()
    assert not desk.tidy()


def test_the_end_of_a_log_is_enough(tmp_path: Path) -> None:
    desk = _media_move_desk.Desk(Systemd(), tmp_path)
    assert desk.tail("none") == ""
    desk.write("log", "a" * 100 + "end")
    assert desk.tail("log", 5) == "aaend"


def test_a_listing_replaces_the_one_before(tmp_path: Path) -> None:
    books = Books(tmp_path / "books")
    books.list_place("old", [("b", Seen(1, "x")), ("a", Seen(2, "y"))])
    books.list_place("", [("b", Seen(1, "x")), ("ü", Seen(3, "z"))])
    books.list_place("other", [("q", Seen(1, "x"))])
    books.forget_places(["old", ""])
    book = Book("old", "proven", 1, "x", "x")
    books.write([("b", book), ("gone", Book("old", "gone", 1, "x"))])
    assert [key for key, _seen, _book in books.rows()] == ["a", "b", "gone", "ü"]
    assert {key: (sorted(seen), entry) for key, seen, entry in books.rows()}["b"] == (["", "old"], book)
    books.list_place("old", [])
    assert books.at_source("old", "a") is None
    assert books.at_target("b") == Seen(1, "x")
    assert (books.counts(), books.proven_bytes(), books.proven_of("old")) == ({"gone": 1, "proven": 1}, 1, 1)
    assert books.sample(10, 10) == books.sample(10, 0) == [("b", "old")]
    books.write((f"n{number}", Book("old", "proven", number, "x")) for number in range(30))
    large = {f"n{number}" for number in range(20, 30)}
    assert large < {key for key, _source in books.sample(15, 20)}
    assert len(books.sample(100, 20)) == 31
    books.close()


def test_a_directory_s_links_are_no_uploads(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.png").write_bytes(b"12")
    (tmp_path / "link.png").symlink_to("/etc/passwd")
    found = dict(Directory(Place("disk", directory=str(tmp_path))).objects())
    assert {key: seen.size for key, seen in found.items()} == {"files/a.png": 2}
    with pytest.raises(StoreError, match="there is no directory"):
        list(Directory(Place("disk", directory=str(tmp_path / "none"))).objects())


def test_an_acl_is_public_only_for_everybody() -> None:
    assert is_public([{"Grantee": {"URI": EVERYBODY}, "Permission": "READ"}])
    assert not is_public([{"Grantee": {"ID": "me"}, "Permission": "FULL_CONTROL"}])
    assert not is_public([{"Grantee": {"URI": EVERYBODY}, "Permission": "WRITE"}])


def test_progress_is_one_line() -> None:
    job = {"what": "local", "objects": 200, "bytes": 4 * 2**20}
    assert _media_move_words.progress(job, 50, 2**20, 30) == (
        "copying uploads: 50 of 200 objects, 1.0 MiB of 4.0 MiB, 25%, 1 min 30 s left"
    )
    assert _media_move_words.progress({**job, "what": "compare"}, 300, 0, 30) == (
        "comparing contents: 200 of 200 objects, 100%, 0 s left"
    )
    assert _media_move_words.progress({**job, "objects": 0, "bytes": 0}, 0, 0, 0).endswith("100%")


def test_the_report_says_what_is_next() -> None:
    facts = {"from": ["old", "disk"], "bytes": 5, "quiet": {"old": 3.25}, "hits": {"old": 2}, "quiet_days": 30}
    told = {
        state: "\n".join(_media_move_words.report(state, {"proven": 1}, facts))
        for state in ("verified", "fallback", "retirable", "retired")
    }
    assert "media_move_switched=true" in told["verified"]
    assert "nobody has needed it for 3.2 days; 2 hits" in told["fallback"]
    assert "media_move_retire=true" in told["retirable"]
    assert "Remove old, disk from instance_media_origins" in told["retired"]
    assert _media_move_words.listed(["a"] * 20, 25).endswith("and 5 more")
