# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the program beside the media proxy counts, and when it calls a disk full."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

ROLES = Path(__file__).resolve().parents[3] / "roles"


def load() -> ModuleType:
    """Return the program, which is no part of any package."""
    spec = importlib.util.spec_from_file_location(
        "nginx_media_watch", ROLES / "nginx_media" / "files" / "programs" / "watch.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


watch = load()


def counted(*lines: str) -> tuple[dict[tuple[str, str], int], dict[tuple[str, str], int]]:
    """Count lines; return requests and answers."""
    counts = watch.Counts()
    counts.add(lines)
    return dict(counts.requests), dict(counts.answers)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-", ["-"]),
        ("200", ["200"]),
        ("404 : 200", ["404", "200"]),
        ("502, 200", ["200"]),  # a kept connection had been closed
        ("502, 502 : 404", ["502", "404"]),
        ("-, 200", ["-", "200"]),  # the first place asked nobody
        ("404 : -, 200", ["404", "-", "200"]),
        ("404 : ", ["404", "-"]),
    ],
)
def test_one_value_for_each_place(text: str, expected: list[str]) -> None:
    assert watch.places(text) == expected


def test_outcomes() -> None:
    expected = {
        "found": ("200", "206", "304"),
        "forbidden": ("403",),
        "missing": ("302", "404", "410"),
        "away": ("000", "429", "500", "502", "504"),
    }
    for word, statuses in expected.items():
        assert {watch.outcome(status) for status in statuses} == {word}


def test_hits_ask_nobody() -> None:
    requests, answers = counted(*["HIT|200|store|-|-"] * 1000, "HIT|404|store old|-|-", "-|405||-|-")
    assert requests == {("hit", "200"): 1000, ("hit", "404"): 1, ("none", "405"): 1}
    assert answers == {}


def test_each_origin_that_was_asked_is_counted() -> None:
    _requests, answers = counted(
        "MISS|200|store old|404 : 200|0.010 : 0.200",
        "MISS|404|store old|404 : 403|0.010 : 0.020",
        "MISS|503|store old|500 : 404 : 502|0.010 : 0.020 : 0.000",
        "STALE|200|store|502|0.000",
    )
    assert answers == {
        ("store", "missing"): 2,
        ("store", "away"): 2,
        ("old", "found"): 1,
        ("old", "forbidden"): 1,
        ("old", "missing"): 1,
    }


def test_an_origin_whose_name_nobody_knew_was_away() -> None:
    assert counted("MISS|200|b2 old|-, 200|-, 0.1")[1] == {("b2", "away"): 1, ("old", "found"): 1}


def test_lines_that_are_cut_off_are_passed_over() -> None:
    assert counted("", "HIT|200|st", "garbage", "|||||||")[0] == {}


def test_text_for_prometheus() -> None:
    counts = watch.Counts()
    counts.add(["MISS|200|store|200|0.250", "MISS|200|store|200|0.250"])
    lines = counts.text(full=True, free=7).splitlines()
    assert 'nginx_media_requests_total{cache="miss",status="200"} 2' in lines
    assert 'nginx_media_origin_answers_total{origin="store",answer="found"} 2' in lines
    assert 'nginx_media_origin_seconds_total{origin="store"} 0.500' in lines
    assert {"nginx_media_cache_disk_full 1", "nginx_media_cache_disk_free_bytes 7"} <= set(lines)
    named = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert {line.split("{")[0].split()[0] for line in lines if not line.startswith("#")} == named


def test_sizes() -> None:
    assert (watch.size("512m"), watch.size("2g")) == (512 * 2**20, 2 * 2**30)


def test_a_disk_without_inodes_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    look = {"f_bavail": 10, "f_frsize": 4096, "f_files": 100, "f_favail": 5}
    for change, free in (({}, 40960), ({"f_favail": 0}, 0), ({"f_favail": 0, "f_files": 0}, 40960)):
        monkeypatch.setattr(os, "statvfs", lambda _path, now={**look, **change}: SimpleNamespace(**now))
        assert watch.free_bytes(Path("/")) == free


def test_a_disk_that_is_not_there_is_full() -> None:
    assert watch.free_bytes(Path("/does/not/exist")) == 0


def test_lines_are_read_a_round_after_they_were_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, _signal: told.append(pid))
    current, taken, pid = tmp_path / "counts", tmp_path / "counts.taken", tmp_path / "nginx.pid"
    pid.write_text("77\n")
    current.write_text("one\n")
    assert watch.take(current, taken, pid) == []
    with taken.open("a") as late:
        late.write("two\n")
    assert watch.take(current, taken, pid) == ["one", "two"]
    assert told == [77], "nothing was written since, so nginx is left alone"
    assert not taken.exists()


def test_what_another_program_counts_is_shown_while_it_runs(tmp_path: Path) -> None:
    (tmp_path / "metrics").write_text("a 1\n")
    assert (watch.others(tmp_path / "metrics"), watch.others(tmp_path / "none")) == ("a 1\n", "")
