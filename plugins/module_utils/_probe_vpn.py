# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe of the private networks between hosts. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding, fail, ok
from ansible_collections.fediops.mastodon.plugins.module_utils._ping import ping
from ansible_collections.fediops.mastodon.plugins.module_utils._port_names import some
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, ProbeError

PATIENCE = 2.4
IS_UP = 1  # IFF_UP of the kernel
INTERFACES = Path("/sys/class/net")


@dataclass(frozen=True)
class Net:
    """A private network as the inventory describes it: whoever carries it, these must hold."""

    name: str
    interface: str
    networks: tuple[str, ...]
    peers: Mapping[str, str] = field(default_factory=dict)


def vpn(context: Context, *, nets: Sequence[Mapping[str, Any]], node: str = "") -> Iterator[Finding]:
    """See of each net that its interface is up, that every other host answers, and that it fails closed."""
    known = [net(entry, node) for entry in nets]
    replies = ping({address for each in known for address in each.peers.values()}, PATIENCE)
    refused = [network for family in ("-4", "-6") for network in refusals(_ip(context, family))]
    for each in known:
        yield from judge(each, is_up(each.interface), replies, refused)


def net(entry: Mapping[str, Any], node: str) -> Net:
    """Read a net as role tinc_vpn takes it. Guests come and go: whether they answer says nothing."""
    peers = {
        str(other["name"]): str(ipaddress.ip_network(subnet).network_address)
        for other in entry["nodes"]
        if other["name"] != node and not other.get("guest")
        for subnet in other.get("subnets", ())
        if ipaddress.ip_network(subnet).num_addresses == 1
    }
    networks = tuple(str(entry[key]) for key in ("network", "network6") if entry.get(key))
    return Net(str(entry["name"]), str(entry.get("interface") or f"vpn-{entry['name']}"), networks, peers)


def is_up(interface: str, interfaces: Path = INTERFACES) -> bool:
    """Say whether an interface is there and up."""
    try:
        return bool(int((interfaces / interface / "flags").read_text(encoding="ascii"), 16) & IS_UP)
    except FileNotFoundError:
        return False


def _ip(context: Context, family: str) -> Any:
    try:
        told = context.run(["/usr/sbin/ip", "-json", family, "route", "show", "type", "unreachable"])
        return json.loads(told or "[]")
    except ValueError as error:
        raise ProbeError("ip printed something that is not JSON", "Run ip -json route by hand") from error


def refusals(routes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the networks that are refused where no better route is."""
    return [str(route["dst"]) for route in routes if route.get("type") == "unreachable" and route["dst"] != "default"]


def fails_closed(network: str, refused: Sequence[str]) -> bool:
    """Say whether packets for a network are refused when nobody carries it, instead of leaving in the clear."""
    wanted = ipaddress.ip_network(network)
    there = (ipaddress.ip_network(each) for each in refused)
    return any(
        each.version == wanted.version and wanted.subnet_of(each)  # type: ignore[arg-type]  # of one version by then
        for each in there
    )


def judge(each: Net, up: bool, replies: Mapping[str, float | None], refused: Sequence[str]) -> Iterator[Finding]:
    """Say what is wrong with a net, each fault by itself; else all in one row."""
    name = f"VPN {each.name}"
    log = f"systemctl status tinc@{each.name}; journalctl -u tinc@{each.name}"
    silent = [f"{peer} ({address})" for peer, address in sorted(each.peers.items()) if replies.get(address) is None]
    leaky = [network for network in each.networks if not fails_closed(network, refused)]
    if not up:
        yield fail(f"interface {each.interface} is not up", log, name)
    if silent:
        cure = f"See whether they are up, and whether their port of the VPN can be reached; {log}"
        yield fail(f"no answer from {some(silent)}", cure, name)
    if leaky:
        yield fail(
            f"when the VPN is down, packets for {', '.join(leaky)} would leave in the clear",
            "systemctl restart tinc-vpn-guard, which refuses them",
            name,
        )
    if up and not silent and not leaky:
        slowest = max((took for took in (replies.get(address) for address in each.peers.values()) if took), default=0.0)
        answer = f"within {1000 * slowest:.0f} ms answers {some(sorted(each.peers))}" if each.peers else "no peers yet"
        yield ok(f"{each.interface} is up, fails closed; {answer}", name)
