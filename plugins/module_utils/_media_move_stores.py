# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The places of a move, asked one question at a time. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, TypeVar

from ansible_collections.fediops.mastodon.plugins.module_utils import _media, _media_move_rclone, _s3
from ansible_collections.fediops.mastodon.plugins.module_utils._media_move import Seen
from ansible_collections.fediops.mastodon.plugins.module_utils._media_move_places import Place

AT_A_TIME = 8
EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"
HEADERS = ("ContentType", "CacheControl", "ContentDisposition", "ContentEncoding")
One = TypeVar("One")
Other = TypeVar("Other")


def each(ask: Callable[[One], Other], things: list[One]) -> list[Other]:
    """Ask the same of many, several at a time."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        return list(pool.map(ask, things))


def is_public(grants: list[dict[str, Any]]) -> bool:
    """Tell whether an ACL lets anybody read."""
    return any(
        grant.get("Grantee", {}).get("URI") == EVERYBODY and grant.get("Permission") in ("READ", "FULL_CONTROL")
        for grant in grants
    )


class Bucket:
    """A bucket, or the part of one that a prefix names."""

    def __init__(self, place: Place, ca_bundle: str) -> None:
        """Prepare; nothing is asked yet."""
        self._place = place
        self._store = _s3.Store(
            {
                "endpoint_url": place.endpoint_url,
                "access_key": place.access_key,
                "secret_key": place.secret_key,
                "region": place.region,
                "path_style": place.path_style,
                "validate_certs": place.tls_verify,
                "ca_bundle": ca_bundle or None,
                "connect_timeout": 10,
                "read_timeout": 120,
            }
        )

    def _call(self, method: str, key: str, **options: Any) -> dict[str, Any]:
        where = f"{self._place.bucket}/{self._place.key(key)}"
        doing = f"{method.replace('_', ' ')} {where}"
        return self._store.call(doing, method, Bucket=self._place.bucket, Key=self._place.key(key), **options)

    def objects(self) -> Iterator[tuple[str, Seen]]:
        """Return all objects."""
        begin = f"{self._place.prefix}/" if self._place.prefix else ""
        more: dict[str, str] = {}
        while True:
            answer = self._store.call(
                f"list {self._place.where()}", "list_objects_v2", Bucket=self._place.bucket, Prefix=begin, **more
            )
            for entry in answer.get("Contents", []):
                key = str(entry["Key"])[len(begin) :]
                if key and not key.endswith("/"):  # some tools leave empty objects as folders
                    yield key, Seen(int(entry["Size"]), str(entry["ETag"]).strip('"'))
            if not answer.get("IsTruncated"):
                return
            more = {"ContinuationToken": answer["NextContinuationToken"]}

    def look(self, key: str) -> dict[str, Any] | None:
        """Return what the store says of an object, None when there is none."""
        try:
            return self._call("head_object", key)
        except _s3.NotFoundError:
            return None

    def headers(self, key: str) -> dict[str, str] | None:
        """Return the headers that browsers and proxies get to see."""
        answer = self.look(key)
        return None if answer is None else {name: str(answer[name]) for name in HEADERS if answer.get(name)}

    def is_ours(self, key: str) -> bool:
        """Tell whether rclone has written the object: it notes a time with everything that it writes."""
        answer = self.look(key)
        return answer is not None and "mtime" in answer.get("Metadata", {})

    def is_hidden(self, key: str) -> bool:
        """Tell whether the object's ACL hides it."""
        try:
            return not is_public(self._call("get_object_acl", key).get("Grants", []))
        except _s3.NotFoundError:
            return False  # deleted since it was listed

    def delete(self, key: str, seen: Seen) -> bool:
        """Delete the object if it is still the one that was seen."""
        answer = self.look(key)
        if answer is None or Seen(int(answer["ContentLength"]), str(answer["ETag"]).strip('"')) != seen:
            return False
        self._call("delete_object", key)
        return True


class Directory:
    """A directory of this host."""

    def __init__(self, place: Place) -> None:
        """Remember where it is."""
        self._root = place.directory

    def objects(self) -> Iterator[tuple[str, Seen]]:
        """Return all files; what is a link leads out of it and is no upload."""
        if not Path(self._root).is_dir():
            raise _s3.StoreError(f"there is no directory {self._root} on this host")
        for folder, _folders, names in os.walk(self._root, onerror=_stop):
            for name in names:
                path = os.path.join(folder, name)  # noqa: PTH118 - a Path for each of millions of files is slow
                if os.path.islink(path):  # noqa: PTH114 - no Path, as above
                    continue
                try:
                    found = os.stat(path)  # noqa: PTH116 - no Path, as above
                except FileNotFoundError:  # deleted since
                    continue
                yield _text(os.path.relpath(path, self._root)), Seen(found.st_size, f"time {found.st_mtime_ns}")

    def headers(self, key: str) -> dict[str, str] | None:
        """Return the headers that Mastodon would have given to the file."""
        return {
            "ContentType": _media_move_rclone.content_type(key),
            "CacheControl": _media.CANARY_CACHE_CONTROL,
        }


def _text(name: str) -> str:
    """Return a name that can be written down; one that is no text becomes one that cannot be moved, and is reported."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return "\x7f" + name.encode("utf-8", "backslashreplace").decode()
    return name


def _stop(error: OSError) -> None:
    raise _s3.StoreError(f"cannot list {error.filename}: {error.strerror}")
