# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Places that may hold a media file. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.fediops.mastodon.plugins.module_utils import _syntax

_PREFIX = re.compile(r"(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*\Z")
_BUCKET = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{1,61})[A-Za-z0-9]\Z")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Origin:
    """One origin, with everything that a proxy needs spelled out."""

    name: str
    scheme: str
    host: str
    port: int
    by_address: bool
    authority: str
    prefix: str
    host_header: str
    tls_name: str
    tls_verify: bool = True
    tls_ca: str = ""
    others: tuple[str, ...] = ()
    directory: str = ""
    forbidden: str = "missing"
    connect_timeout: str = ""
    timeout: str = ""
    # Of a store that may be written to. No template for a proxy shows them.
    access_key: str = ""
    secret_key: str = ""
    region: str = "us-east-1"


def is_prefix(value: Any) -> bool:
    """Tell whether the value is "" or a path with a leading and without a trailing slash."""
    return isinstance(value, str) and _PREFIX.match(value) is not None


def is_bucket(value: Any) -> bool:
    """Tell whether the value can name a bucket, also one of the time when capitals and _ were allowed."""
    return isinstance(value, str) and _BUCKET.match(value) is not None and ".." not in value


def server(url: Any) -> tuple[str, str, int] | None:
    """Return scheme, host and port of "scheme://host[:port]"; None when the value is anything more or less."""
    if not isinstance(url, str):
        return None
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _PORTS:
        return None
    endpoint = _syntax.endpoint(rest) or _syntax.endpoint(f"{rest}:{_PORTS[scheme]}")
    if endpoint is None:
        return None
    return scheme, endpoint[0], endpoint[1]


def in_host_name(origin: Mapping[str, Any]) -> str:
    """Return what stands before the host's name: the bucket with its dot where it is no part of the path."""
    bucket = origin.get("bucket") or ""
    return f"{bucket}." if bucket and origin.get("path_style") is False else ""


def tls_name(origin: Mapping[str, Any]) -> str:
    """Return the name that the certificate of an origin must have; empty when the origin is malformed."""
    own = origin.get("tls_name") or origin.get("host_header")
    if own:
        return urlsplit(f"//{own}").hostname or ""
    found = server(origin.get("url"))
    return in_host_name(origin) + found[1] if found else ""


def parse(origin: Mapping[str, Any]) -> Origin:
    """Spell an origin out; a malformed one raises ValueError that names it."""
    name = origin.get("name")
    if not _syntax.is_slug(name):
        raise ValueError(f"origin {name!r}: its name is not a word")
    common: dict[str, Any] = {
        "name": str(name),
        "forbidden": str(origin.get("forbidden") or "missing"),
        "connect_timeout": str(origin.get("connect_timeout") or ""),
        "timeout": str(origin.get("timeout") or ""),
    }
    return _directory(origin, common) if origin.get("directory") else _remote(origin, common)


def _directory(origin: Mapping[str, Any], common: Mapping[str, Any]) -> Origin:
    """A directory of the host is asked like any other server, through a socket that only the proxy can open."""
    return Origin(
        **common,
        scheme="http",
        host="",
        port=0,
        by_address=True,
        authority=f"unix:origin_{common['name']}.sock",
        prefix=str(origin.get("prefix") or ""),
        host_header="localhost",
        tls_name="",
        directory=str(origin["directory"]),
    )


def _remote(origin: Mapping[str, Any], common: Mapping[str, Any]) -> Origin:
    url = origin.get("url")
    found = server(url)
    if found is None:
        raise ValueError(f"origin {common['name']!r}: its url is not of the form scheme://host[:port]")
    scheme, host, port = found
    label = in_host_name(origin)
    bucket = "" if label or not origin.get("bucket") else f"/{origin['bucket']}"
    by_address = _syntax.is_address(host)
    if by_address and label:
        raise ValueError(f"origin {common['name']!r}: a bucket cannot be part of an address")
    return Origin(
        **common,
        scheme=scheme,
        host=label + host,
        port=port,
        by_address=by_address,
        authority=f"[{host}]:{port}" if ":" in host else f"{label}{host}:{port}",
        prefix=bucket + str(origin.get("prefix") or ""),
        # What a client of this URL would send: a store that signs or routes by host name compares it to the letter.
        host_header=str(origin.get("host_header") or label + urlsplit(str(url)).netloc),
        tls_name=tls_name(origin),
        tls_verify=origin.get("tls_verify") is not False,
        tls_ca=str(origin.get("tls_ca") or ""),
        others=tuple(map(str, _syntax.listed(origin.get("others")))),
        access_key=str(origin.get("access_key") or ""),
        secret_key=str(origin.get("secret_key") or ""),
        region=str(origin.get("region") or "us-east-1"),
    )
