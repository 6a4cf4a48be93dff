# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The places of a move as an admin declares them, and what can be wrong with that. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils import _origins, _stores, _syntax
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault

VARIABLE = "instance_media_move"
# What an entry may say beyond the origin of its name: how the place is listed, where anybody only reads it.
ENTRY = (
    *("name", "access_key", "secret_key", "region", "store_kind"),
    *("endpoint_url", "bucket", "path_style", "prefix", "directory", "acls"),
)
DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True)
class Place:
    """A bucket, or a part of one, or a directory."""

    name: str
    directory: str = ""
    endpoint_url: str = ""
    bucket: str = ""
    prefix: str = ""  # without slashes around it
    region: str = DEFAULT_REGION
    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    path_style: bool = True
    store_kind: str = _stores.OTHER
    tls_ca: str = ""
    tls_verify: bool = True
    acls: bool = False  # objects that are not public there have been hidden on purpose
    acl: str = ""  # of the target: what makes an object public, where no policy does

    @property
    def hides(self) -> bool:
        """Tell whether an object's own ACL says who may read it."""
        return self.acls or bool(self.acl)

    def key(self, key: str) -> str:
        """Return what the place itself calls a key."""
        return f"{self.prefix}/{key}" if self.prefix else key

    def where(self) -> str:
        """Name the place to a person."""
        return self.directory or f"{self.endpoint_url}/{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")


def place(entry: Mapping[str, Any], origins: Sequence[Mapping[str, Any]]) -> Place:
    """Put an entry and the origin of its name together; both must be free of faults."""
    origin = next((each for each in origins if each.get("name") == entry.get("name")), {})
    told = {**origin, **{name: value for name, value in entry.items() if value is not None}}
    url = str(entry.get("endpoint_url") or origin.get("url") or "").rstrip("/")
    directory = str(told.get("directory") or "") if not entry.get("bucket") else ""
    return Place(
        name=str(told["name"]),
        directory=directory.rstrip("/") or ("/" if directory else ""),
        endpoint_url="" if directory else url,
        bucket="" if directory else str(told.get("bucket") or ""),
        prefix="" if directory else str(told.get("prefix") or "").strip("/"),
        region=str(told.get("region") or _stores.region_of_endpoint(url) or DEFAULT_REGION),
        access_key=str(told.get("access_key") or ""),
        secret_key=str(told.get("secret_key") or ""),
        path_style=told.get("path_style") is not False,
        store_kind=str(told.get("store_kind") or _stores.of_endpoint(url) or _stores.OTHER),
        tls_ca=str(told.get("tls_ca") or ""),
        tls_verify=told.get("tls_verify") is not False,
        acls=told.get("acls") is True,
    )


def faults(entries: Any, origins: Any, target: Mapping[str, Any]) -> Iterator[Fault]:
    """Say what is wrong with the declaration of a move."""
    known = [each for each in origins if isinstance(each, Mapping)] if isinstance(origins, (list, tuple)) else []
    names = [str(each.get("name")) for each in known]
    if not isinstance(entries, (list, tuple)) or not entries:
        yield Fault(
            f"{VARIABLE}.from",
            "it names no place",
            f"List the places to move from, by their names in instance_media_origins: {', '.join(names) or 'none yet'}",
        )
        return
    seen: set[str] = set()
    for entry in entries:
        name = entry.get("name") if isinstance(entry, Mapping) else None
        if not isinstance(entry, Mapping) or not isinstance(name, str):
            yield Fault(f"{VARIABLE}.from", "an entry has no name", "Write each as {name: NAME, …}")
        elif name in seen:
            yield Fault(f"{VARIABLE}.from", f"{name!r} is there twice", "Keep one of the two")
        else:
            seen.add(name)
            yield from _of_entry(entry, name, names, known, target)


def _of_entry(
    entry: Mapping[str, Any],
    name: str,
    names: Sequence[str],
    origins: Sequence[Mapping[str, Any]],
    target: Mapping[str, Any],
) -> Iterator[Fault]:
    where = f"{VARIABLE}.from, {name}"
    unknown = sorted(set(entry) - set(ENTRY))
    if unknown:
        yield Fault(where, f"nothing reads {', '.join(unknown)}", f"Use {', '.join(ENTRY)}")
    if name not in names:
        yield Fault(
            where,
            "no entry of instance_media_origins has this name, so the media host would not show what is still there",
            f"Add it there, or use one of {', '.join(names) or 'none yet'}",
        )
        return
    kind = entry.get("store_kind")
    if kind is not None and kind not in _stores.KINDS:
        yield Fault(where, f"its store_kind {kind!r} is unknown", f"Use one of {', '.join(_stores.KINDS)}")
        return
    found = place(entry, origins)
    if found.directory:
        if not _syntax.is_path(found.directory):
            yield Fault(where, f"{found.directory!r} is not an absolute path", "Begin it with /")
        return
    if not found.bucket or _origins.server(found.endpoint_url) is None:
        yield Fault(
            where,
            "its files cannot be listed: it is neither a directory nor a bucket",
            "Add endpoint_url and bucket, or run the move where the files are: media_move_host and directory",
        )
        return
    yield from _of_bucket(found, where, target)


def _of_bucket(found: Place, where: str, target: Mapping[str, Any]) -> Iterator[Fault]:
    for name in ("access_key", "secret_key"):
        if not getattr(found, name):
            yield Fault(where, f"it has no {name}", "Give a key that may list and read the bucket; vault the secret")
    if same_bucket(found, str(target.get("endpoint_url") or ""), str(target.get("bucket") or "")):
        yield Fault(where, "it is the store that the files are to be moved to", "Name another place")


def same_bucket(found: Place, endpoint_url: str, bucket: str) -> bool:
    """Tell whether a place is in the bucket at this endpoint."""
    return found.bucket == bucket and _origins.server(found.endpoint_url) == _origins.server(endpoint_url.rstrip("/"))


def room_needed(objects: int, size: int) -> int:
    """Return the bytes that a store needs for objects: a block and its own file for each, and a tenth to spare."""
    return int((size + objects * 8192) * 1.1)
