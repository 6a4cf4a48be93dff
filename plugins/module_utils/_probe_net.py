# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes of certificates and of ports that must stay closed. PRIVATE to the collection."""

from __future__ import annotations

import errno
import ipaddress
import selectors
import socket
import ssl
import time
from collections.abc import Iterator, Sequence

from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding, fail, ok, warn
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, ProbeError, explain

HOUR = 3600.0
DAY = 24 * HOUR
SERVICES = {
    2019: "Caddy's admin API",
    3000: "web",
    4000: "streaming",
    5432: "PostgreSQL",
    6379: "Redis",
    8080: "media proxy",
    9000: "MinIO",
}


def certificate(context: Context, *, hosts: Sequence[str], port: int = 443) -> Iterator[Finding]:
    """Verify each chain, and see that renewal is not late; certificates live from hours to a year."""
    for host in hosts:
        name = f"Certificate of {host}"
        try:
            with context.connect_tls(host, port) as connection:
                described = connection.getpeercert() or {}
                protocol = connection.version() or "TLS"
        except (OSError, ProbeError) as error:  # one name without a certificate says nothing of the others
            yield fail(*explain(error, context.timeout), name)
        else:
            start, end = (ssl.cert_time_to_seconds(str(described[key])) for key in ("notBefore", "notAfter"))
            yield judge_lifetime(start, end, time.time(), f"{protocol}, from {_issuer(described)}", name)


def judge_lifetime(start: float, end: float, now: float, extra: str, name: str = "") -> Finding:
    """Compare what is left with the whole life: ACME clients renew when a third is left."""
    left = end - now
    detail = f"valid for {span(left)} more, {extra}"
    cure = "Renewal is late: journalctl -u caddy says why"
    if left < min((end - start) * 0.1, 7 * DAY):
        return fail(detail, cure, name)
    if left < min((end - start) * 0.25, 21 * DAY):
        return warn(detail, cure, name)
    return ok(detail, name)


def span(seconds: float) -> str:
    """Return a length of time as people say it."""
    if seconds >= 2 * DAY:
        return f"{int(seconds // DAY)} days"
    if seconds >= 2 * HOUR:
        return f"{int(seconds // HOUR)} hours"
    return f"{max(0, int(seconds // 60))} minutes"


def _issuer(described: object) -> str:
    pairs = described.get("issuer", ()) if isinstance(described, dict) else ()
    names = dict(pair for group in pairs for pair in group)
    return str(names.get("organizationName") or names.get("commonName") or "an issuer without a name")


def ports_closed(context: Context, *, hosts: Sequence[str], ports: Sequence[int]) -> Iterator[Finding]:
    """Knock, from outside, where only the instance's own hosts may be let in."""
    addresses: dict[str, int] = {}
    for host in hosts:
        addresses.update(context.addresses(host))
    mine = [address for address in addresses if ipaddress.ip_address(address.split("%")[0]).is_loopback]
    if mine:
        yield warn(
            f"{mine[0]} is this machine itself: it cannot tell what outsiders reach",
            "Put a host outside of the instance into group observer",
        )
    there = {address: family for address, family in addresses.items() if address not in mine}
    wanted = [int(port) for port in ports]
    opened = knock(there, wanted, min(context.timeout, 3.0))
    if opened:
        doors = ", ".join(f"{port} ({SERVICES.get(port, 'unknown')}) at {address}" for address, port in opened)
        yield fail(f"open: {doors}", "Bind the service to a private address, and close the port in the firewall")
    elif there:
        yield ok(f"{len(wanted)} ports closed at {', '.join(there)}")


def knock(addresses: dict[str, int], ports: Sequence[int], patience: float) -> list[tuple[str, int]]:
    """Return what accepted a connection. All at once: a firewall that drops packets makes each take the whole time."""
    opened: list[tuple[str, int]] = []
    with selectors.DefaultSelector() as waiting:
        for address, family in addresses.items():
            for port in ports:
                door = socket.socket(family, socket.SOCK_STREAM)
                door.setblocking(False)
                if door.connect_ex((address, port)) in (0, errno.EINPROGRESS):
                    waiting.register(door, selectors.EVENT_WRITE, (address, port))
                else:
                    door.close()
        end = time.monotonic() + patience
        while waiting.get_map() and time.monotonic() < end:
            for key, _events in waiting.select(max(0.0, end - time.monotonic())):
                door = key.fileobj  # type: ignore[assignment]  # a socket, as registered
                waiting.unregister(door)
                if door.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                    opened.append(key.data)
                door.close()
        for key in list(waiting.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]  # a socket
    return sorted(opened)
