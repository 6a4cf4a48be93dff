# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What proves that a store works: an object comes back as it went in. PRIVATE to the collection.

Health endpoints say that a process lives and that drives are mounted; both may be so while nothing can be written.
"""

from __future__ import annotations

import secrets
from typing import Protocol

from ansible_collections.fediops.mastodon.plugins.module_utils._s3 import StoredObject, StoreError

# Below no public prefix, so nobody else ever sees it.
PREFIX = "fediops-health/"


class Shelf(Protocol):
    """The part of a store that is needed."""

    def write_object(self, bucket: str, key: str, wanted: StoredObject) -> str: ...

    def read_object(self, bucket: str, key: str) -> StoredObject | None: ...

    def delete_object(self, bucket: str, key: str, version: str = "") -> None: ...


def round_trip(store: Shelf, bucket: str) -> None:
    """Write, read and delete a small object that nobody else knows; StoreError when any of it goes wrong."""
    key = f"{PREFIX}{secrets.token_hex(16)}"
    wanted = StoredObject(secrets.token_bytes(1024), "no-store", "application/octet-stream")
    version = store.write_object(bucket, key, wanted)
    try:
        found = store.read_object(bucket, key)
    finally:
        store.delete_object(bucket, key, version)
    if found is None or found.body != wanted.body:
        what = "does not have it" if found is None else "has other bytes"
        raise StoreError(f"the store accepted {bucket}/{key}, but {what} a moment later")
    if store.read_object(bucket, key) is not None:
        raise StoreError(f"the store has deleted {bucket}/{key}, but shows it all the same")
