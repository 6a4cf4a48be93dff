# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of the program that knows what is gone: the files that nginx looks for, cache, queue, requests to others."""

from __future__ import annotations

import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from gone_program import copy, is_gone
from media_gone import cache, jobs, marks, remote

A, B = "/a/b/000/001/2", "/a/b/000/001/3"


def tree(folder: Path) -> set[str]:
    """All files, with a leading slash."""
    return {f"/{file.relative_to(folder)}" for file in folder.rglob("*") if file.is_file()}


def test_marks_are_files_and_outlive_the_program(tmp_path: Path) -> None:
    folder = tmp_path / "marks"
    first = marks.Marks(folder, tmp_path / "state")
    for file in ("original,x", "original,x", "small,y"):
        first.delete(A, file)
    first.delete(B, "")
    assert tree(folder) == {f"{A}/original,x", f"{A}/small,y", B}
    again = marks.Marks(folder, tmp_path / "state")
    assert (first.tombstones, again.tombstones) == (3, 3)
    assert [again.restore(A, "original,x"), again.restore(A, "original,x")] == [True, False]
    assert tree(folder) == {f"{A}/small,y", B}
    assert [again.restore(A, "small,y"), again.restore(B, "original,z"), again.tombstones] == [True, True, 0]
    assert list(folder.iterdir()) == []


def test_what_a_killed_run_left_undone_is_done(tmp_path: Path) -> None:
    folder = tmp_path / "marks"
    marks.Marks(folder, tmp_path / "state").hide({A})
    (folder / A[1:]).unlink()
    assert marks.Marks(folder, tmp_path / "state").hidden == {A}
    assert tree(folder) == {A}


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("hide"), st.sets(st.sampled_from([A, B]))),
        st.tuples(st.sampled_from(["delete", "restore"]), st.sampled_from([A, B]), st.sampled_from(["", "x", "y"])),
    ),
    max_size=12,
)


@given(STEPS)
def test_marks_say_what_was_deleted_or_hidden_whatever_came_before(steps: list[tuple[Any, ...]]) -> None:
    with TemporaryDirectory() as name:
        ours = marks.Marks(Path(name) / "marks", Path(name) / "state")
        deleted: set[tuple[str, str]] = set()
        hidden: set[str] = set()
        for what, *given_ in steps:
            if what == "hide":
                hidden = given_[0]
                ours.hide(hidden)
            elif what == "delete":
                ours.delete(*given_)
                deleted.add((given_[0], given_[1]))
            else:
                ours.restore(*given_)
                deleted -= {(given_[0], given_[1]), (given_[0], "")}
            for mark in (A, B):
                for file in ("x", "y"):
                    expected = mark in hidden or bool({(mark, file), (mark, "")} & deleted)
                    assert is_gone(Path(name) / "marks", mark, file) is expected
        assert (ours.tombstones, ours.hidden) == (len(deleted), hidden)


# The cache


def test_copies_of_a_file_in_slices(tmp_path: Path) -> None:
    ours = cache.Cache(tmp_path, 2**20, ["mp4"], ["store", "old"])
    keys = ["/a/b.mp4", "/a/b.mp4 bytes=0-1048575 store", "/a/b.mp4 bytes=104857600-105906175 old"]
    files = [copy(ours, key) for key in keys]
    kept = [copy(ours, key) for key in ("/a/c.mp4", "/a/b.mp4 bytes=0-1048575 other")]
    assert (ours.evict("/a/b.mp4"), ours.evict("/a/b.mp4")) == (3, 0)
    assert not [file for file in files if file.exists()]
    assert all(file.exists() for file in kept)
    assert len(list(ours.keys("/a/b.png"))) == 1


def test_copies_below_a_prefix(tmp_path: Path) -> None:
    ours = cache.Cache(tmp_path, 0, [], ["store"])
    for key in ("/a/b/1.png", "/a/b/2.mp4 bytes=0-1048575 store", "/a/bc/3.png"):
        copy(ours, key)
    writing = copy(ours, "/a/b/4.png")
    writing.rename(writing.with_name(writing.name + ".0000000001"))
    assert ours.flush("/a/b/") == ["/a/b/1.png", "/a/b/2.mp4"]
    assert ours.flush_all() == 1
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == [writing.name + ".0000000001"]


# The queue


def test_jobs_outlive_the_program_and_failures(tmp_path: Path) -> None:
    queue = jobs.Jobs(tmp_path / "jobs")
    queue.add(("delete:store", "/a/b"), ("cdn", "/a/b"))
    again = jobs.Jobs(tmp_path / "jobs")
    job = again.take("delete:store", 0)
    assert job is not None
    again.retry(job)
    assert again.take("delete:store", 0) is None
    assert again.waiting() == {"delete:store": 1, "cdn": 1}
    again.hurry("delete:store")
    job = again.take("delete:store", 0)
    assert job is not None
    assert job.tries == 1
    again.done(job)
    assert again.waiting() == {"cdn": 1}


def test_a_job_that_is_asked_for_again_while_it_is_done(tmp_path: Path) -> None:
    queue = jobs.Jobs(tmp_path / "jobs")
    queue.add(("cdn", "/a/b"))
    job = queue.take("cdn", 0)
    assert job is not None
    time.sleep(0.001)
    queue.add(("cdn", "/a/b"))
    queue.done(job)
    assert queue.waiting() == {"cdn": 1}


def test_jobs_that_nobody_does_any_more(tmp_path: Path) -> None:
    queue = jobs.Jobs(tmp_path / "jobs")
    queue.add(("delete:old", "/a/b"), ("delete:store", "/a/b"), ("delete:store", "/a/c"), ("decide", "/a/b"))
    queue.keep_only({"delete:store", "decide"})
    queue.drop("/a/b", "delete:")
    assert queue.waiting() == {"delete:store": 1, "decide": 1}


# Requests to others


def test_a_signature_is_the_one_that_amazon_s_own_client_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    now, url = datetime(2026, 11, 27, 9, 0, 1, tzinfo=timezone.utc), "https://s3.example.org:9000/bucket/a/%401x/c.png"
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: now)
    theirs = AWSRequest("DELETE", url, headers={"Host": "s3.example.org:9000"})
    botocore.auth.S3SigV4Auth(Credentials("who", "secret/+="), "s3", "eu-1").add_auth(theirs)
    origin = {"host_header": "s3.example.org:9000", "region": "eu-1", "access_key": "who", "secret_key": "secret/+="}
    ours = remote.signed(origin, "DELETE", "/bucket/a/%401x/c.png", now.timestamp())
    assert ours["Authorization"].replace(",", ", ") == theirs.headers["Authorization"]
