# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that knows what was deleted or taken down: paths and marks, the cache, the queue, requests, decisions."""

from __future__ import annotations

import hashlib
import re
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

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "roles" / "nginx_media" / "files" / "gone"))
sys.path.insert(0, str(Path(__file__).parent))
from media_gone import cache, database, figures, jobs, marks, paths, remote, service
from rendering import read_nginx, render

PART = st.text("abcXYZ019@._-", min_size=1, max_size=12).filter(lambda text: text not in (".", ".."))
GROUP = st.integers(0, 999).map(lambda number: f"{number:03}")
OBJECTS = st.builds(
    lambda cached, kind, groups, style, name: "/".join(["", *cached, *kind, *groups, style, name]),
    st.sampled_from([(), ("cache",)]),
    st.sampled_from([("media_attachments", "files"), ("accounts", "avatars"), ("custom_emojis", "images")]),
    st.lists(GROUP, min_size=1, max_size=8),
    st.one_of(st.sampled_from(["original", "small", "static", "@1x"]), GROUP),
    PART,
)
OTHERS = st.lists(PART, min_size=2, max_size=6).map(lambda parts: "/" + "/".join(parts))
PATHS = st.one_of(OBJECTS, OTHERS)
NUMBERS = st.one_of(st.integers(0, 10**12), st.integers(10**16, 2 * 10**17))


# Paths and marks


@pytest.mark.parametrize(
    ("number", "groups"),
    [
        (7, "000/000/007"),
        (999_999_999, "999/999/999"),
        (1_000_000_000, "001/000/000/000"),
        (123_456_789_012, "123/456/789/012"),
        (98_765_432_101_234_567, "987/654/321/012/345"),
        (115_000_000_000_000_001, "115/000/000/000/000/001"),
    ],
)
def test_directories_of_an_id(number: int, groups: str) -> None:
    assert "/".join(paths.partition(number)) == groups


@given(NUMBERS)
def test_an_id_is_among_those_that_its_directories_may_mean(number: int) -> None:
    found = paths.candidates(paths.partition(number))
    assert number in found
    assert {tuple(paths.partition(one)) for one in found} == {tuple(paths.partition(number))}
    assert len(found) == 1 or number >= 10**11


def test_ids_of_what_is_no_media_attachment() -> None:
    assert paths.attachment_ids("/accounts/avatars/000/000/007/original/a.png") == []
    assert paths.attachment_ids("/media_attachments/files/a/original/a.png") == []
    assert paths.attachment_ids("/media_attachments/thumbnails/000/000/007/small/a.png") == [7]
    found = paths.attachment_ids("/cache/media_attachments/files/115/000/000/000/000/001/original/a.png")
    assert found[0] == 115_000_000_000_000_001
    assert len(found) == 11, "and those that have a digit more"


@given(NUMBERS, PART)
def test_the_files_of_an_object_have_its_mark(number: int, name: str) -> None:
    files = list(paths.files_of("cache/media_attachments/files", number, name))
    assert len(set(files)) == len(files) > 3
    assert len({paths.within(file) for file in files}) == len(files)
    for file in files:
        assert number in paths.attachment_ids(file)
        assert paths.mark(file) == paths.object_mark("cache/media_attachments/files", number)


@given(PATHS, PATHS)
def test_two_paths_are_told_apart_and_none_is_in_the_way_of_another(one: str, other: str) -> None:
    first, second = [(paths.mark(path), paths.within(path)) for path in (one, other)]
    assert (first == second) is (one == other)
    assert not first[0].startswith(f"{second[0]}/")


@given(PATHS)
def test_a_clean_path_stays_as_it_is(path: str) -> None:
    assert paths.clean(path) == paths.clean(path.lstrip("/")) == paths.clean(f"https://media.example.org{path}") == path


@pytest.mark.parametrize(
    "text", ["", "/", "a", "/a", "/a/", "a//b", "a/../b", "a/./b", "a/b?c", "a/b c", "a/ü", "a/b\n"]
)
def test_what_is_no_path(text: str) -> None:
    with pytest.raises(ValueError, match="not the name of a media file"):
        paths.clean(text)


@pytest.mark.parametrize(("kind", "number"), [("../etc", 7), ("a", 7), ("a/b/c", 7), ("a/b\n", 7), ("a/b", -1)])
def test_what_is_no_object(kind: str, number: int) -> None:
    with pytest.raises(ValueError, match="is no object"):
        paths.object_mark(kind, number)


def maps() -> dict[str, tuple[str, str, str]]:
    """Return what nginx makes marks with: by variable, the default, the expression and the value."""
    variables = {
        "nginx_media_server_names": ["a.b"],
        "nginx_media_origins": [{"name": "store", "url": "http://10.0.0.5:9000"}],
        "nginx_media_database": {"host": "10.0.0.2"},
    }
    found = {}
    for block in read_nginx(render("nginx_media", "nginx.conf.j2", variables)).find("http").members:
        if block.words.startswith("map $uri "):
            other, ours = (re.findall(r'"([^"]*)"', line) for line in block.lines())
            found[block.words.rpartition("$")[2]] = (other[0], ours[0].removeprefix("~"), ours[1])
    return found


MAPS = maps()


def nginx_says(variable: str, path: str) -> str:
    """Do what nginx does."""
    other, pattern, value = MAPS[variable]
    match = re.search(pattern.replace("(?<", "(?P<"), path)
    values = {"uri": path} if match is None else {name: text or "" for name, text in match.groupdict().items()}
    return re.sub(r"\$(\w+)", lambda name: values[name[1]], other if match is None else value)


@given(PATHS)
def test_nginx_makes_the_same_marks(path: str) -> None:
    assert nginx_says("media_mark", path) == paths.mark(path)
    # Asked only where a mark is a directory, which only those of objects can be.
    assert paths.within(path) in ("", nginx_says("media_in_mark", path))


# The files that nginx looks for


A, B = "/a/b/000/001/2", "/a/b/000/001/3"


def tree(folder: Path) -> set[str]:
    """All files, with a leading slash."""
    return {f"/{file.relative_to(folder)}" for file in folder.rglob("*") if file.is_file()}


def is_gone(folder: Path, mark: str, file: str) -> bool:
    """Look where nginx looks."""
    return (folder / mark[1:]).is_file() or (folder / mark[1:] / file).is_file()


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


def copy(of: cache.Cache, key: str) -> Path:
    """Keep a copy the way nginx does."""
    digest = hashlib.md5(key.encode()).hexdigest()
    file = of.directory / digest[31] / digest[29:31] / digest
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"\5\0\0binary\nKEY: " + key.encode() + b"\nHTTP/1.1 200 OK\r\n\r\nKEY: /x\n")
    return file


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


# Decisions


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
