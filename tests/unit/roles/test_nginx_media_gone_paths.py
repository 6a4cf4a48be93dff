# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths of media, and the names of files that nginx makes of them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "roles" / "nginx_media" / "files" / "programs"))
from media_gone import paths
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
