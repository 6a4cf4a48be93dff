# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which static files are served, and from which release."""

from __future__ import annotations

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _assets
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.lists(st.sampled_from(["a", "b", "c.js", "d.css"]), min_size=1, max_size=3).map("/".join)
FILES = st.dictionaries(st.sampled_from(["r1", "r2", "r3"]), st.sets(NAMES, max_size=6), min_size=1)


@pytest.mark.parametrize(
    ("member", "name"),
    [
        ("public/packs/application-1a2b3c4d.js", "packs/application-1a2b3c4d.js"),
        ("public/packs/application-1a2b3c4d.js.br", "packs/application-1a2b3c4d.js.br"),
        ("public/emoji/1f600.svg", "emoji/1f600.svg"),
        ("public/assets/500.html", "assets/500.html"),
        ("public/500.html", "500.html"),
        ("public/oops.png", "oops.png"),
        ("public/packs/application-1a2b3c4d.js.map", None),
        ("public/packs/application-1a2b3c4d.js.map.gz", None),
        ("public/system/media_attachments/files/1.png", None),
        ("public/sw.js", None),
        ("public/robots.txt", None),
        ("public/packs", None),
        ("public/packs/../../etc/passwd", None),
        ("public//etc/passwd", None),
        ("/etc/passwd", None),
        ("public", None),
        ("config/packs/x.js", None),
    ],
)
def test_what_is_exported(member: str, name: str | None) -> None:
    assert _assets.exported(member) == name


@pytest.mark.parametrize("name", ["", "/a", "a/", "../a", "a/../b", "a/./b", "a//b", "a\0b", "a\\b", ".."])
def test_names_that_leave_their_directory(name: str) -> None:
    assert not _assets.is_safe(name)


@given(st.text())
def test_safe_names_stay_below(name: str) -> None:
    if _assets.is_safe(name):
        assert not name.startswith("/")
        assert ".." not in name.split("/")


def test_a_release_that_comes_back_is_the_newest() -> None:
    assert _assets.order([], "a", 3) == ["a"]
    assert _assets.order(["b", "a"], "c", 2) == ["c", "b"]
    assert _assets.order(["b", "a"], "a", 3) == ["a", "b"]
    assert _assets.order(["b", "a"], "b", 1) == ["b"]


def test_trees_have_different_names() -> None:
    assert len({_assets.tree_name(order) for order in (["a"], ["b"], ["a", "b"], ["b", "a"], ["ab"])}) == 5


def test_the_newest_file_counts_and_old_ones_stay() -> None:
    files = {"new": ["packs/x-2.js", "emoji/1.svg"], "old": ["packs/x-1.js", "emoji/1.svg"]}
    assert _assets.union(files, ["new", "old"]) == {
        "packs/x-2.js": "new",
        "packs/x-1.js": "old",
        "emoji/1.svg": "new",
    }


def test_a_file_of_old_does_not_stand_in_the_way_of_a_directory() -> None:
    assert _assets.union({"new": ["a/b"], "old": ["a", "c"]}, ["new", "old"]) == {"a/b": "new", "c": "old"}
    assert _assets.union({"new": ["a"], "old": ["a/b", "a/c/d"]}, ["new", "old"]) == {"a": "new"}


@given(FILES)
def test_a_union_can_always_be_made(files: dict[str, set[str]]) -> None:
    # Within one release no name is both a file and a directory, as in every file system.
    clean = {
        release: {name for name in names if not any(other.startswith(f"{name}/") for other in names)}
        for release, names in files.items()
    }
    order = sorted(clean)
    made = _assets.union(clean, order)
    assert clean[order[0]] <= set(made)
    for name, release in made.items():
        assert name in clean[release]
        assert not any(other.startswith(f"{name}/") for other in made)
        assert all(name not in clean[newer] for newer in order[: order.index(release)])
