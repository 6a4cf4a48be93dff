# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the program that knows what is gone does with busts, with what the database says, and with what it does not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from gone_program import copy, is_gone
from media_gone import database, figures, paths, service


class Row:
    """A database that knows whether a row is there."""

    def __init__(self, there: bool | None) -> None:
        """None: it does not answer."""
        self.there, self.rows = there, [("media_attachments/files", 7, "a.png")]
        self.unused: list[tuple[str, int, str]] = []

    def present(self, ids: list[int]) -> set[int]:
        """Answer."""
        if self.there is None:
            raise database.UnavailableError("down")
        return set(ids) if self.there else set()

    def hidden(self) -> list[tuple[str, int, str]]:
        """Answer."""
        if self.there is None:
            raise database.UnavailableError("down")
        return self.rows

    def loose(self) -> list[tuple[str, int, str]]:
        """Answer."""
        return self.unused


FILE = "/media_attachments/files/000/000/007/original/a.png"
AVATAR = "/accounts/avatars/000/000/007/original/a.png"


def make(tmp_path: Path, row: Row | None, **changes: Any) -> service.Service:
    """Return a service with a store and a CDN, that has not been started."""
    settings: dict[str, Any] = {
        "server_names": ["a.b"],
        "public_prefixes": ["media_attachments/"],
        "cache_dir": str(tmp_path / "cache"),
        "slice_size": 0,
        "sliced": [],
        "origins_in_order": ["store"],
        "stores": [{"name": "store", "scheme": "http", "host": "127.0.0.1", "port": 1, "others": []}],
        "bust_secret": "secret",
        "bust_header": "X-Bust-Secret",
        "peers": ["10.0.0.8:8080"],
        "database": {},
        "hidden_interval": 20,
        "cdn": {"purge_url": "https://cdn/{url}", "method": "POST", "headers": {}, "body": ""},
        **changes,
    }
    made = service.Service(settings, tmp_path, tmp_path)
    if row is not None:
        made._database = row  # type: ignore[assignment]  # the only part that is not real
    return made


def decide(made: service.Service) -> None:
    """Do what is due."""
    job = made.jobs.take("decide", 0)
    assert job is not None
    made._try(job)


def test_a_bust_of_what_is_no_more(tmp_path: Path) -> None:
    made = make(tmp_path, Row(False))
    copied = copy(made.cache, FILE)
    made.bust(FILE, forwarded=False)
    assert not copied.exists()
    assert made.jobs.waiting() == {"decide": 1, "cdn": 1, "peer:10.0.0.8:8080": 1}
    decide(made)
    assert (tmp_path / f"marks{paths.mark(FILE)}").is_file(), "all of the object"
    assert made.jobs.waiting() == {"delete:store": 1, "cdn": 1, "peer:10.0.0.8:8080": 1}
    assert made.restore(FILE)
    assert "delete:store" not in made.jobs.waiting()


def test_a_bust_of_what_is_still_there_is_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "AGAIN", (0.0, 0.0))
    row = Row(True)
    made = make(tmp_path, row)
    made.bust(FILE, forwarded=True)
    assert "peer:10.0.0.8:8080" not in made.jobs.waiting()
    for _ in range(3):
        decide(made)
    assert made.status()["tombstones"] == 0
    assert (made.counts["kept"], made.jobs.waiting().get("decide")) == (1, None)
    made.bust(FILE, forwarded=True)
    row.there = False
    decide(made)
    assert made.status()["tombstones"] == 1


def test_a_bust_while_nobody_can_say(tmp_path: Path) -> None:
    made = make(tmp_path, Row(None))
    made.bust(FILE, forwarded=False)
    decide(made)
    assert (made.status()["tombstones"], made.jobs.waiting()["decide"]) == (0, 1)
    assert made.status()["trouble"] == {"decide": "down"}


def test_a_bust_without_a_database_or_a_row_only_evicts(tmp_path: Path) -> None:
    for row, path in ((None, FILE), (Row(False), AVATAR)):
        made = make(tmp_path, row)
        copied = copy(made.cache, path)
        made.bust(path, forwarded=False)
        assert not copied.exists()
        assert "decide" not in made.jobs.waiting()
        assert made.counts["evicted"] == 1


def test_hidden_and_shown_again(tmp_path: Path) -> None:
    row = Row(True)
    made = make(tmp_path, row)
    made.poll()
    mark = tmp_path / "marks/media_attachments/files/000/000/007"
    assert mark.is_file()
    assert made.jobs.waiting()["cdn"] == 7
    row.there = None
    with pytest.raises(database.UnavailableError):
        made.poll()
    assert mark.is_file()
    assert make(tmp_path, row).status()["hidden"] == 1, "also after a boot"
    row.there, row.rows = True, [("../../etc", 7, "x")]
    made.poll()
    assert not mark.exists()


def test_what_was_hidden_and_is_no_more_stays_gone(tmp_path: Path) -> None:
    row = Row(True)
    row.rows += [("accounts/avatars", 7, "a.png")]
    make(tmp_path, row).poll()
    row.there, row.rows = False, []
    made = make(tmp_path, row)
    made.poll()
    assert (made.status()["tombstones"], made.status()["hidden"]) == (1, 0)
    assert is_gone(tmp_path / "marks", paths.mark(FILE), paths.within(FILE))
    assert not is_gone(tmp_path / "marks", paths.mark(AVATAR), paths.within(AVATAR)), "the account was taken back"
    assert made.jobs.waiting()["delete:store"] == 7
    made.restore(FILE)
    made.poll()
    assert made.status()["tombstones"] == 0, "once is enough"


def test_what_hung_on_no_post_and_is_no_more_was_deleted(tmp_path: Path) -> None:
    row = Row(True)
    row.rows, row.unused = [], [("media_attachments/files", number, "a.png") for number in (7, 10**17, 10**17 + 1)]
    made = make(tmp_path, row)
    made.poll()
    row.unused = row.unused[1:]
    made.poll()
    assert made.status()["tombstones"] == 0, "it hangs on a post now"
    row.unused += [("media_attachments/files", 7, "a.png")]
    made.poll()
    row.there, row.unused = None, []
    with pytest.raises(database.UnavailableError):
        made.poll()
    row.there = False
    made.poll()
    assert (made.counts["deleted"], made.status()["tombstones"]) == (3, 3)
    assert made.jobs.waiting()["delete:store"] == 21


def test_what_mastodon_has_told_of_is_not_deleted_twice(tmp_path: Path) -> None:
    row = Row(True)
    made = make(tmp_path, row)
    made.poll()
    row.there, row.rows = False, []
    made.bust(FILE, forwarded=True)
    decide(made)
    made.poll()
    assert made.jobs.waiting()["delete:store"] == 1


def test_flush(tmp_path: Path) -> None:
    made = make(tmp_path, None)
    for path in (FILE, AVATAR):
        copy(made.cache, path)
    assert made.flush("accounts/avatars/") == 1
    assert made.jobs.waiting() == {"cdn": 1}
    assert (made.flush(FILE), made.flush("")) == (1, 0)
    with pytest.raises(ValueError, match="not the name"):
        made.flush("../")


def test_figures_for_prometheus(tmp_path: Path) -> None:
    made = make(tmp_path, Row(True))
    made.counts["refused"] += 2
    lines = figures.text(made.status()).splitlines()
    assert 'nginx_media_gone_busts_total{outcome="refused"} 2' in lines
    assert 'nginx_media_gone_open{work="delete:store"} 0' in lines
    assert "nginx_media_gone_hidden 0" in lines
    assert "hidden" not in figures.text(make(tmp_path, None).status())
    named = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert {line.split("{")[0].split()[0] for line in lines if not line.startswith("#")} == named
