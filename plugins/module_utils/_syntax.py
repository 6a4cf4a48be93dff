# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What well-formed values look like. PRIVATE to the collection: no other code may rely on it.

Every function takes any value and never raises: rules ask about what an admin typed. What passes here can be written
into a daemon's configuration without quoting, since no accepted form holds blanks, quotes, braces or semicolons.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any
from urllib.parse import urlsplit

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+\Z")
_SLUG = re.compile(r"[a-z][a-z0-9_-]{0,62}\Z")
_ENDPOINT = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<host>[A-Za-z0-9.-]+)):(?P<port>[0-9]{1,5})\Z")
_CHECKSUM = re.compile(r"(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})\Z")
_PATH = re.compile(r"(?:/[A-Za-z0-9_][A-Za-z0-9._@+-]*)+\Z")
_MEMBER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*(?:/[A-Za-z0-9_][A-Za-z0-9._+-]*)*\Z")
_SIZE = re.compile(r"([1-9][0-9]*)\s?(kB|KB|MB|GB|KiB|MiB|GiB)\Z")
_CERTIFICATES = re.compile(
    r"(?:\s*-----BEGIN CERTIFICATE-----\r?\n(?:[A-Za-z0-9+/=]+\r?\n)+-----END CERTIFICATE-----)+\s*\Z"
)
_DURATION = re.compile(r"[1-9][0-9]*(?:s|m|h)\Z")
_UNITS = {"kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def is_domain(value: Any) -> bool:
    """Tell whether the value is a full DNS name in the form that certificates use: lower case, at least one dot."""
    return isinstance(value, str) and len(value) <= 253 and _DOMAIN.match(value) is not None and not is_address(value)


def is_slug(value: Any) -> bool:
    """Tell whether the value can name a thing in configuration files and log lines."""
    return isinstance(value, str) and _SLUG.match(value) is not None


def is_address(value: Any) -> bool:
    """Tell whether the value is an IP address without a zone."""
    try:
        ipaddress.ip_address(value if isinstance(value, str) else "")
    except ValueError:
        return False
    return "%" not in value


def is_wildcard(value: Any) -> bool:
    """Tell whether the value is the address that stands for all addresses of a host."""
    return is_address(value) and ipaddress.ip_address(value).is_unspecified


def network(value: Any) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """Return the network that the value names (an address is a network of one), or None when it names none."""
    try:
        return ipaddress.ip_network(value if isinstance(value, str) else "")
    except ValueError:
        return None


def endpoint(value: Any) -> tuple[str, int] | None:
    """Return host and port of an "address:port" or "[address]:port", or None when the value is no such thing."""
    match = _ENDPOINT.match(value) if isinstance(value, str) else None
    if match is None or not is_port(int(match["port"])):
        return None
    host = match["six"] or match["host"]
    if match["six"] or host.replace(".", "").isdigit():
        return (host, int(match["port"])) if is_address(host) else None
    known = is_domain(host) or is_slug(host)
    return (host, int(match["port"])) if known else None


def is_port(value: Any, lowest: int = 1) -> bool:
    """Tell whether the value is a port number, not below the lowest that is wanted."""
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= 65535


def is_checksum(value: Any) -> bool:
    """Tell whether the value is a strong checksum in the form "sha256:hex" or "sha512:hex"."""
    return isinstance(value, str) and _CHECKSUM.match(value) is not None


def is_download(value: Any) -> bool:
    """Tell whether the value is an address that a host can fetch a release from, without blanks."""
    if not isinstance(value, str) or re.search(r"\s", value):
        return False
    parts = urlsplit(value)
    if parts.scheme == "file":
        return parts.netloc == "" and is_path(parts.path)
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and len(parts.path) > 1


def is_path(value: Any) -> bool:
    """Tell whether the value is an absolute path without "..", blanks or anything that needs quoting."""
    return isinstance(value, str) and _PATH.match(value) is not None


def is_member(value: Any) -> bool:
    """Tell whether the value names a file inside an archive, without leaving it."""
    return isinstance(value, str) and _MEMBER.match(value) is not None


def size(value: Any) -> int | None:
    """Return the bytes of "110MB" (decimal) or "99MiB" (binary), or None when the value is no size with a unit."""
    match = _SIZE.match(value) if isinstance(value, str) else None
    return None if match is None else int(match[1]) * _UNITS[match[2]]


def is_duration(value: Any) -> bool:
    """Tell whether the value is a time in seconds, minutes or hours that Caddy and nginx read alike."""
    return isinstance(value, str) and _DURATION.match(value) is not None


def seconds(value: Any) -> int:
    """Return how long such a time is; 0 when it is none."""
    return int(value[:-1]) * {"s": 1, "m": 60, "h": 3600}[value[-1]] if is_duration(value) else 0


def listed(value: Any) -> list[Any]:
    """Return the value when it is a list, else an empty one: rules about members skip what is no list at all."""
    return list(value) if isinstance(value, (list, tuple)) else []


def is_certificates(value: Any) -> bool:
    """Tell whether the value is the text of one or more certificates in PEM form, and of nothing else."""
    return isinstance(value, str) and _CERTIFICATES.match(value) is not None
