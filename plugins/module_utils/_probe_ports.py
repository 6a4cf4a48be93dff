# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe of what hosts show to strangers. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding, fail, warn
from ansible_collections.fediops.mastodon.plugins.module_utils._knock import Door, knock, sweep
from ansible_collections.fediops.mastodon.plugins.module_utils._knock_udp import KNOWN, ask
from ansible_collections.fediops.mastodon.plugins.module_utils._open_ports import Look, Target, is_own, judge, no_way
from ansible_collections.fediops.mastodon.plugins.module_utils._port_names import TCP
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, ProbeError

# Long enough for a packet that was lost to be sent again, which Linux does after one second.
PATIENCE = 1.5


def ports(
    context: Context,
    *,
    targets: Sequence[Mapping[str, Any]],
    tcp: str = "1-65535",
    udp: Sequence[int] = KNOWN,
    seconds: float = 10.0,
) -> Iterator[Finding]:
    """Knock at every port of every host. The likely ones come first, with patience; then all others, in bulk."""
    until = time.monotonic() + float(seconds)
    wanted = numbers(tcp)
    known: list[Target] = []
    if not targets:
        yield warn("nobody said which hosts to look at", "Run without --limit")
    for entry in targets:
        try:
            known.append(_target(context, entry))
        except ProbeError as error:  # a name that nobody knows says nothing of the other hosts
            yield fail(error.detail, error.cure, f"Ports of {entry.get('host')}")
    look = _look(known, wanted, [int(port) for port in udp], until)
    for target in known:
        yield from judge(target, look, known)
    if look.rest.stopped:
        yield warn(
            f"there was no time for the ports from {look.rest.stopped} on",
            "Give it more: -e check_port_seconds=60",
        )


def numbers(ranges: str) -> list[int]:
    """Return the ports of a list such as `22,80,1000-2000`."""
    found: set[int] = set()
    for part in str(ranges).split(","):
        first, _dash, last = part.strip().partition("-")
        try:
            span = range(int(first), int(last or first) + 1)
        except ValueError:
            span = range(0)
        if not span or span[0] < 1 or span[-1] > 65535:
            raise ProbeError(f"{part.strip()!r} is no range of ports", "Write check_ports like 1-1023,3000,8000-9000")
        found.update(span)
    return sorted(found)


def _target(context: Context, entry: Mapping[str, Any]) -> Target:
    addresses: dict[str, int] = {}
    for name in entry["addresses"]:
        addresses.update(context.addresses(str(name)))
    wanted = entry["open"]
    tcp, udp, limited = (
        tuple(sorted({int(port) for port in each or ()}))
        for each in (wanted.get("tcp"), wanted.get("udp"), entry.get("limited"))
    )
    return Target(str(entry["host"]), addresses, tcp, udp, limited)


def _look(targets: Sequence[Target], tcp: Sequence[int], udp: Sequence[int], until: float) -> Look:
    """Look at all hosts side by side: what is filtered takes its time, however many there are."""
    every = {address: family for target in targets for address, family in target.addresses.items()}
    there = {address: family for address, family in every.items() if not is_own(address, family)}
    must = sorted({port for target in targets for port in target.tcp})
    # One at least: it shows whether there is a way to the address.
    likely = sorted({*must, *set(TCP).intersection(tcp)}) or [22]
    replies, slowest = knock(_doors(there, likely), PATIENCE)
    reached = {address: family for address, family in there.items() if address not in no_way(replies)}
    also = sorted({*udp, *(port for target in targets for port in target.udp)})
    # What answers at all answers soon: who is silent for longer than this is filtered.
    patience = 0.25 + 2 * min(slowest, 0.5)
    with ThreadPoolExecutor(1) as beside:
        asked = beside.submit(ask, _doors(reached, also), PATIENCE)
        others = sorted(set(tcp).difference(likely))
        rest = sweep(_doors(reached, others), patience, until)
        return Look(replies, rest, asked.result(), len(likely) + len(others))


def _doors(addresses: Mapping[str, int], numbered: Iterable[int]) -> list[Door]:
    return [Door(address, family, port) for port in numbered for address, family in addresses.items()]
