# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what a Linux host tells about itself in small files. PRIVATE to the collection.

Pure parsers: text in, plain data out. What cannot be parsed is left out, since a probe must not stop a run by itself.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable

LISTEN = "0A"  # the kernel's number for a socket that waits for connections
# Of dpkg: an error flag and a state that leave nothing to be done.
_ENDED = (["ok", "installed"], ["ok", "not-installed"], ["ok", "config-files"])
_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$")


def assignments(text: str) -> dict[str, str]:
    """Return the NAME=value lines of os-release or of an env file, without quotes."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _ASSIGNMENT.match(line)
        if match:
            found[match[1]] = match[2].strip().strip("'\"")
    return found


def ipv4_addresses(fib_trie: str) -> list[str]:
    """Return the host's own addresses from /proc/net/fib_trie."""
    found: list[str] = []
    candidate = ""
    for line in fib_trie.splitlines():
        leaf = re.match(r"\s+\|-- (\S+)$", line)
        if leaf:
            candidate = leaf[1]
        elif line.split() == ["/32", "host", "LOCAL"] and candidate and candidate not in found:
            found.append(candidate)
    return found


def ipv6_addresses(if_inet6: str) -> list[str]:
    """Return the host's own addresses from /proc/net/if_inet6."""
    found: list[str] = []
    for line in if_inet6.splitlines():
        digits = line.partition(" ")[0]
        if re.fullmatch(r"[0-9a-f]{32}", digits):
            found.append(str(ipaddress.IPv6Address(int(digits, 16))))
    return found


def listening_inodes(tcp: str, ports: Iterable[int]) -> dict[str, int]:
    """Return the listening sockets of /proc/net/tcp or tcp6 on some ports: inode to port."""
    wanted = set(ports)
    found: dict[str, int] = {}
    for line in tcp.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 10 or fields[3] != LISTEN:
            continue
        port = int(fields[1].rpartition(":")[2], 16)
        if port in wanted:
            found[fields[9]] = port
    return found


def memory_mb(meminfo: str) -> int:
    """Return the memory of the host in MiB from /proc/meminfo; 0 when it is not told."""
    match = re.search(r"^MemTotal:\s+(\d+) kB", meminfo, re.MULTILINE)
    return int(match[1]) // 1024 if match else 0


def packages(text: str, *, unfinished: bool) -> list[str]:
    """Return the packages in dpkg's own list of them, or only those whose installation has begun and not ended."""
    found = set()
    for paragraph in text.split("\n\n"):
        fields = dict(re.findall(r"^(Package|Status): (.*)$", paragraph, re.MULTILINE))
        wish_flag_state = fields.get("Status", "").split()
        ended = wish_flag_state[1:] in _ENDED
        if "Package" in fields and not (unfinished and ended):
            found.add(fields["Package"])
    return sorted(found)


def compose_project(container: str) -> str:
    """Return whose container it is, from Docker's own description of it: the compose project, else the name."""
    try:
        data = json.loads(container)
        labels = data["Config"].get("Labels") or {}
        return str(labels.get("com.docker.compose.project") or data["Name"].lstrip("/"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
