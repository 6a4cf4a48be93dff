# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the places of a move are declared."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _media_move_places as places

ORIGINS = [
    {"name": "b2", "url": "https://s3.eu-central-003.backblazeb2.com", "bucket": "old", "path_style": False},
    {"name": "web", "url": "https://files.example.org", "prefix": "/system"},
    {"name": "disk", "directory": "/srv/media/system/"},
]
TARGET = {"endpoint_url": "http://10.0.0.1:9000", "bucket": "mastodon-media"}
KEY = {"access_key": "a", "secret_key": "b"}


def said(*entries: Any) -> str:
    return "\n".join(f"{fault.variable}: {fault.fault}" for fault in places.faults(list(entries), ORIGINS, TARGET))


def test_an_entry_and_its_origin_are_put_together() -> None:
    found = places.place({"name": "b2", **KEY}, ORIGINS)
    assert (found.bucket, found.path_style, found.region, found.store_kind) == ("old", False, "eu-central-003", "b2")
    assert found.where() == "https://s3.eu-central-003.backblazeb2.com/old"
    assert "secret_key" not in repr(found)
    disk = places.place({"name": "disk"}, ORIGINS)
    assert (disk.directory, disk.bucket, disk.endpoint_url) == ("/srv/media/system", "", "")
    web = places.place({"name": "web", "endpoint_url": "https://s3.test", "bucket": "old", **KEY}, ORIGINS)
    assert (web.endpoint_url, web.key("a.png")) == ("https://s3.test", "system/a.png")
    there = places.place({"name": "web", "directory": "/home/mastodon/live/public/system"}, ORIGINS)
    assert (there.directory, there.prefix) == ("/home/mastodon/live/public/system", "")


def test_a_good_declaration_has_no_faults() -> None:
    assert said({"name": "disk"}, {"name": "b2", **KEY}) == ""


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ({"name": "nowhere"}, "no entry of instance_media_origins has this name"),
        ({}, "an entry has no name"),
        ("b2", "an entry has no name"),
        ({"name": "b2"}, "it has no secret_key"),
        ({"name": "web"}, "its files cannot be listed"),
        ({"name": "b2", "keys": 1, **KEY}, "nothing reads keys"),
        ({"name": "b2", "store_kind": "b3", **KEY}, "its store_kind 'b3' is unknown"),
        ({"name": "disk", "directory": "system"}, "is not an absolute path"),
        ({"name": "web", **KEY, **TARGET}, "it is the store that the files are to be moved to"),
        ({"name": "web", **KEY, **TARGET, "endpoint_url": "http://10.0.0.1:9000/"}, "it is the store"),
    ],
)
def test_what_cannot_work_is_refused(entry: Any, fault: str) -> None:
    assert fault in said(entry)


def test_no_place_and_a_place_twice_are_refused() -> None:
    assert "it names no place" in said()
    assert "'disk' is there twice" in said({"name": "disk"}, {"name": "disk"})


def test_small_files_need_more_room_than_their_size() -> None:
    assert places.room_needed(1000, 0) > 8_000_000
    assert places.room_needed(1, 10**9) > 10**9
