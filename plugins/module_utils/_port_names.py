# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What usually listens on a port, so that a red row says more than a number. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterable

TCP = {
    21: "FTP",
    22: "ssh",
    23: "telnet",
    25: "SMTP",
    53: "DNS",
    80: "http",
    110: "POP3",
    111: "portmapper",
    143: "IMAP",
    389: "LDAP",
    443: "https",
    445: "SMB",
    465: "SMTP",
    587: "SMTP",
    631: "CUPS",
    655: "tinc",
    873: "rsync",
    2019: "Caddy's admin API",
    2049: "NFS",
    2375: "Docker without TLS",
    2376: "Docker",
    2379: "etcd",
    3000: "web",
    3306: "MySQL",
    3389: "RDP",
    4000: "streaming",
    5000: "a registry",
    5432: "PostgreSQL",
    5900: "VNC",
    6379: "Redis",
    6432: "PgBouncer",
    7000: "Elasticsearch or Cassandra",
    8008: "Patroni",
    8080: "media proxy",
    8443: "https",
    9000: "MinIO",
    9001: "MinIO's console",
    9090: "Prometheus",
    9100: "node exporter",
    9121: "Redis exporter",
    9187: "PostgreSQL exporter",
    9200: "Elasticsearch",
    9394: "Mastodon's metrics",
    10250: "kubelet",
    11211: "memcached",
    27017: "MongoDB",
}
UDP = {
    7: "echo",
    17: "quote of the day",
    19: "chargen",
    53: "DNS",
    111: "portmapper",
    123: "NTP",
    137: "NetBIOS",
    161: "SNMP",
    443: "HTTP/3",
    500: "IPsec",
    655: "tinc",
    1194: "OpenVPN",
    1900: "SSDP",
    3478: "STUN",
    4500: "IPsec",
    5353: "mDNS",
    11211: "memcached",
    51820: "WireGuard",
}
# A list that goes on for a screen helps nobody.
LONGEST = 8


def named(protocol: str, port: int) -> str:
    """Return a port with what usually listens there: the service is a guess, the number is not."""
    return f"{port} ({(TCP if protocol == 'tcp' else UDP).get(port, 'unknown service')})"


def grouped(protocol: str, doors: Iterable[tuple[str, int, str]]) -> list[str]:
    """Return each port once, with a remark and all addresses where it was found so."""
    found: dict[tuple[int, str], list[str]] = {}
    for address, port, remark in doors:
        found.setdefault((port, remark), []).append(address)
    return [
        f"{protocol} {named(protocol, port)} at {' and '.join(addresses)}" + (f": {remark}" if remark else "")
        for (port, remark), addresses in sorted(found.items())
    ]


def some(words: Iterable[str], longest: int = LONGEST) -> str:
    """Join words with commas, and count those that do not fit."""
    every = list(words)
    more = len(every) - longest
    return ", ".join(every[:longest]) + (f" and {more} more" if more > 0 else "")
