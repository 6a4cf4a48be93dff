# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host must show to strangers, compared with what it shows. PRIVATE to the collection."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding, fail, ok, warn
from ansible_collections.fediops.mastodon.plugins.module_utils._knock import NO_WAY, Door, Reply, Sweep, words
from ansible_collections.fediops.mastodon.plugins.module_utils._knock_udp import ANSWERED, CLOSED, SILENT, TALKATIVE
from ansible_collections.fediops.mastodon.plugins.module_utils._port_names import grouped, some

CURE_OPEN = "ss -tulnp on the host names the program: bind it to a private address, and let the firewall close the port"
CURE_SHUT = "See that the service runs (ss -tulnp) and that the firewalls of host and provider let the port in"
CURE_BLIND = "Put into group observer a host outside of the instance that has both IPv4 and IPv6"


@dataclass(frozen=True)
class Target:
    """A host, where strangers reach it, and what must answer them there."""

    host: str
    addresses: Mapping[str, int]
    tcp: tuple[int, ...] = ()
    udp: tuple[int, ...] = ()
    # Open for some, of whom the looking machine may be one.
    limited: tuple[int, ...] = ()


@dataclass
class Look:
    """What was seen of all hosts: the likely ports, the rest of them, and UDP."""

    likely: dict[Door, Reply] = field(default_factory=dict)
    rest: Sweep = field(default_factory=Sweep)
    udp: dict[Door, str] = field(default_factory=dict)
    # How many TCP ports were looked at.
    tcp: int = 0


def is_own(address: str, family: int) -> bool:
    """Say whether an address is the looking machine's own: through it nobody sees what outsiders see."""
    if ipaddress.ip_address(address.split("%")[0]).is_loopback:
        return True
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as ours:
        # Sends nothing: it makes the system choose the address to speak from.
        ours.connect((address, 9))
        return bool(ours.getsockname()[0] == address)
    return False


def no_way(replies: Mapping[Door, Reply]) -> set[str]:
    """Return the addresses that no packet of this machine gets to: of these nothing is known."""
    return {door.address for door in replies} - {door.address for door, reply in replies.items() if reply not in NO_WAY}


def judge(target: Target, look: Look, targets: Sequence[Target]) -> Iterator[Finding]:
    """Say what is open and must not be, what must be and is not, and what could not be seen. Else all is well."""
    name = f"Ports of {target.host}"
    own = [address for address, family in target.addresses.items() if is_own(address, family)]
    lost = sorted(no_way(look.likely).intersection(target.addresses))
    seen = [address for address in target.addresses if address not in own and address not in lost]
    # Several hosts may share an address, with ports forwarded to each of them.
    sharing = [each for each in targets if set(each.addresses).intersection(seen)]
    strange = _strange(
        look,
        seen,
        {port for each in sharing for port in (*each.tcp, *each.limited)},
        {port for each in sharing for port in each.udp},
    )
    shut = _shut(look, seen, target)
    blind = [f"{address} is this machine itself" for address in own]
    blind += [f"this machine has no way to {address}" for address in lost]
    if strange:
        yield fail(f"open to everybody: {some(strange)}", CURE_OPEN, name)
    if shut:
        yield fail(f"must be open and is not: {some(shut)}", CURE_SHUT, name)
    if blind:
        yield warn(f"cannot tell what outsiders reach: {some(blind)}", CURE_BLIND, name)
    if not (strange or shut or blind):
        yield ok(_praise(target, look, seen), name)


def _strange(look: Look, seen: Collection[str], tcp: Collection[int], udp: Collection[int]) -> list[str]:
    opened = [*(door for door, reply in look.likely.items() if reply == 0), *look.rest.opened]
    answered = [door for door, did in look.udp.items() if did == ANSWERED]
    return [
        *grouped(
            "tcp", ((door.address, door.port, "") for door in opened if door.address in seen and door.port not in tcp)
        ),
        *grouped(
            "udp", ((door.address, door.port, "") for door in answered if door.address in seen and door.port not in udp)
        ),
    ]


def _shut(look: Look, seen: Collection[str], target: Target) -> list[str]:
    refused = [(door, words(reply)) for door, reply in look.likely.items() if reply != 0 and door.port in target.tcp]
    mute = [
        (door, did)
        for door, did in look.udp.items()
        if door.port in target.udp and (did == CLOSED or (did == SILENT and door.port in TALKATIVE))
    ]
    return [
        *grouped("tcp", ((door.address, door.port, said) for door, said in refused if door.address in seen)),
        *grouped("udp", ((door.address, door.port, did) for door, did in mute if door.address in seen)),
    ]


def _praise(target: Target, look: Look, seen: Sequence[str]) -> str:
    if not seen:
        return "no address that outsiders reach"
    heard = {door.port for door, did in look.udp.items() if did == ANSWERED}
    answers = [f"tcp {port}" for port in target.tcp] + [f"udp {port}" for port in target.udp if port in heard]
    quiet = [f"udp {port}" for port in target.udp if port not in heard]
    closed = "the others that were tried closed" if look.rest.stopped else f"{look.tcp - len(target.tcp)} others closed"
    return f"{', '.join(answers) or 'nothing'} at {' and '.join(seen)}; {closed}" + (
        f"; {', '.join(quiet)} is silent to strangers, as it should be" if quiet else ""
    )
