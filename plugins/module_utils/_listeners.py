# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What listens on a host, and where its packets go, read from the kernel. PRIVATE to the collection."""

from __future__ import annotations

import ipaddress
import socket
import struct
from pathlib import Path

LISTENING = "0A"


def listeners(table: str) -> set[tuple[str, int]]:
    """Return address and port of each TCP socket that listens, from the text of /proc/net/tcp or tcp6."""
    found = set()
    for line in table.splitlines()[1:]:
        words = line.split()
        if len(words) > 3 and words[3] == LISTENING:
            address, _colon, port = words[1].partition(":")
            found.add((_address(address), int(port, 16)))
    return found


def _address(written: str) -> str:
    """Return an address that the kernel wrote as 32-bit words in the byte order of this machine."""
    raw = b"".join(struct.pack("=I", int(written[at : at + 8], 16)) for at in range(0, len(written), 8))
    address = ipaddress.ip_address(raw)
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def gateways(table: str) -> set[str]:
    """Return the routers of default routes, from the text of /proc/net/route."""
    rows = [line.split() for line in table.splitlines()[1:]]
    return {
        socket.inet_ntoa(struct.pack("=I", int(row[2], 16)))
        for row in rows
        if len(row) > 7 and row[1] == row[7] == "00000000" and int(row[3], 16) & 2
    }


def read(path: str) -> str:
    """Return a file's text, and nothing when it is not there: a kernel without IPv6 has no tcp6."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
