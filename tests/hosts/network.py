# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test bed's network: internal, so that no packet of a test ever leaves the machine.

Every bed has one of its own, and the depot is on all of them. A packet to a stopped host, or to an address that is not
there, dies on the spot instead of following a default route out of the machine.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.hosts.engine import Engine
from tests.hosts.layout import LABEL_BED, LABEL_CHECKOUT, LABEL_PROJECT, PROJECT, Layout, short_hash
from tests.hosts.progress import HarnessError

POOL = ipaddress.IPv4Network("10.213.0.0/16")  # divided into 256 networks, one a bed
DEPOT_NUMBER = 2
FIRST_HOST_NUMBER = 10


@dataclass(frozen=True)
class Subnet:
    """The two address ranges of a bed."""

    four: ipaddress.IPv4Network
    six: ipaddress.IPv6Network

    def addresses(self, number: int) -> tuple[str, str]:
        """IPv4 and IPv6 address of the host with this number."""
        return str(self.four[number]), str(self.six[number])

    def number(self, address: str) -> int:
        """The number that ``addresses`` made this IPv4 address from."""
        return int(ipaddress.IPv4Address(address)) - int(self.four.network_address)


def subnets(seed: str) -> Iterator[Subnet]:
    """Every subnet of the pool once, starting at one that depends on the seed: two checkouts rarely meet."""
    start = int(short_hash(seed, 2), 16)
    prefix = short_hash(seed, 10)
    for offset in range(256):
        third = (start + offset) % 256
        six = ipaddress.IPv6Network(f"fd{prefix[:2]}:{prefix[2:6]}:{prefix[6:10]}:{third:x}::/64")
        yield Subnet(ipaddress.IPv4Network(f"10.213.{third}.0/24"), six)


def free_number(taken: Iterable[int]) -> int:
    """The lowest host number that nobody has."""
    used = set(taken)
    return next(number for number in range(FIRST_HOST_NUMBER, 250) if number not in used)


def of(engine: Engine, name: str) -> Subnet | None:
    """The subnet of an existing network."""
    template = "{{range .IPAM.Config}}{{.Subnet}} {{end}}"
    if not engine.answers("network", "inspect", name):
        return None
    ranges = [ipaddress.ip_network(text) for text in engine("network", "inspect", "--format", template, name).split()]
    four = next(item for item in ranges if isinstance(item, ipaddress.IPv4Network))
    six = next(item for item in ranges if isinstance(item, ipaddress.IPv6Network))
    return Subnet(four, six)


def ensure(engine: Engine, layout: Layout, bed: str) -> Subnet:
    """The bed's network, with the depot on it."""
    name = layout.network(bed)
    subnet = of(engine, name) or _create(engine, layout, bed)
    members = engine("network", "inspect", "--format", "{{range .Containers}}{{.Name}} {{end}}", name).split()
    if layout.depot not in members:
        four, six = subnet.addresses(DEPOT_NUMBER)
        aliases = [word for alias in ("depot.test", "mail.test", "depot") for word in ("--alias", alias)]
        engine("network", "connect", "--ip", four, "--ip6", six, *aliases, name, layout.depot)
    return subnet


def _create(engine: Engine, layout: Layout, bed: str) -> Subnet:
    labels = {LABEL_PROJECT: PROJECT, LABEL_CHECKOUT: layout.checkout, LABEL_BED: bed}
    words = [word for key, value in labels.items() for word in ("--label", f"{key}={value}")]
    for subnet in subnets(f"{layout.root} {bed}"):
        ranges = ["--subnet", str(subnet.four), "--ipv6", "--subnet", str(subnet.six)]
        if engine.answers("network", "create", "--internal", *ranges, *words, layout.network(bed)):
            return subnet
    raise HarnessError(
        f"the engine makes no network for the test bed {bed!r}: all of {POOL} is taken, or it refuses IPv6",
        f"try: docker -H {engine.socket} network create --internal --ipv6 --subnet fd00:1::/64 try-it",
    )


def remove(engine: Engine, layout: Layout, bed: str) -> None:
    """Take the depot off the bed's network and remove it."""
    name = layout.network(bed)
    if engine.answers("network", "inspect", name):
        engine.answers("network", "disconnect", "--force", name, layout.depot)
        engine("network", "rm", name)
