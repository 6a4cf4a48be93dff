# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stores that work, and stores that only say so."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _media, _round_trip
from ansible_collections.fediops.mastodon.plugins.module_utils._s3 import AccessDeniedError, StoredObject, StoreError


class Shelf:
    """A store in memory, which may fail in one way."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.objects: dict[str, StoredObject] = {}
        self.deleted: list[tuple[str, str]] = []

    def write_object(self, bucket: str, key: str, wanted: StoredObject) -> str:
        if self.fault == "write":
            raise AccessDeniedError("cannot write")
        self.objects[f"{bucket}/{key}"] = wanted
        return "v1"

    def read_object(self, bucket: str, key: str) -> StoredObject | None:
        if self.fault == "read":
            raise StoreError("cannot read")
        found = self.objects.get(f"{bucket}/{key}")
        if self.fault == "loses":
            return None
        return dataclasses.replace(found, body=b"other") if found and self.fault == "changes" else found

    def delete_object(self, bucket: str, key: str, version: str = "") -> None:
        self.deleted.append((f"{bucket}/{key}", version))
        if self.fault != "keeps":
            self.objects.pop(f"{bucket}/{key}", None)


def test_one_that_works() -> None:
    shelf = Shelf()
    for _ in range(2):
        _round_trip.round_trip(shelf, "media")
    assert shelf.objects == {}
    assert len({key for key, _version in shelf.deleted}) == 2
    assert {version for _key, version in shelf.deleted} == {"v1"}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("write", "cannot write"),
        ("read", "cannot read"),
        ("loses", "does not have it"),
        ("changes", "has other bytes"),
        ("keeps", "shows it all the same"),
    ],
)
def test_one_that_does_not(fault: str, said: str) -> None:
    shelf = Shelf(fault)
    with pytest.raises(StoreError, match=said):
        _round_trip.round_trip(shelf, "media")
    assert shelf.objects == {} or fault == "keeps"


def test_nobody_else_sees_it() -> None:
    assert not any(_round_trip.PREFIX.startswith(prefix) for prefix in _media.PUBLIC_PREFIXES)
