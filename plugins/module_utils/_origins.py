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


def is_prefix(value: Any) -> bool:
    """Tell whether the value is "" or a path with a leading and without a trailing slash."""
    return isinstance(value, str) and _PREFIX.match(value) is not None


def server(url: Any) -> tuple[str, str, int] | None:
    """Return scheme, host and port of "scheme://host[:port]"; None when the value is anything more or less."""
    if not isinstance(url, str):
        return None
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _PORTS:
        return None
    endpoint = _syntax.endpoint(rest) or _syntax.endpoint(f"{rest}:{_PORTS[scheme]}")
    return (scheme, endpoint[0], endpoint[1]) if endpoint else None


def parse(origin: Mapping[str, Any]) -> Origin:
    """Spell an origin out; a malformed one raises ValueError that names it."""
    name, url = origin.get("name"), origin.get("url")
    found = server(url)
    if found is None or not _syntax.is_slug(name):
        raise ValueError(f"origin {name!r}: its url is not of the form scheme://host[:port]")
    scheme, host, port = found[0], found[1], found[2]
    # What a client of this URL would send: a store that signs or routes by host name compares it to the letter.
    host_header = str(origin.get("host_header") or urlsplit(str(url)).netloc)
    return Origin(
        name=str(name),
        scheme=scheme,
        host=host,
        port=port,
        by_address=_syntax.is_address(host),
        authority=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        prefix=str(origin.get("prefix") or ""),
        host_header=host_header,
        tls_name=urlsplit(f"//{host_header}").hostname or host,
    )
