# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members of a VPN's nets that cannot work. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable, Union

from ansible_collections.fediops.mastodon.plugins.module_utils import _rsa, _rule_parts, _syntax
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")


def is_member(address: str, network: Network) -> bool:
    """Tell whether the address can be a host's in the network; its first and last one have other meanings."""
    found = ipaddress.ip_address(address)
    edges = (network.network_address, network.broadcast_address) if network.num_addresses > 2 else ()
    return found.version == network.version and found in network and found not in edges


def node_names(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Names of nodes are names of files; of two with one name the second would win."""
    for net, nodes in _nets(variables):
        seen: set[str] = set()
        for name in (node.get("name") for node in nodes):
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                yield _fault(net, f"has a node {name!r}, which tinc cannot name", "Use letters, digits and underscores")
            elif name in seen:
                yield _fault(net, f"has node {name} twice", "Keep one of the two")
            else:
                seen.add(name)


def this_host(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A host that is not among the nodes of its net has no subnet there, and its address nobody's packets."""
    me = variables.get("tinc_vpn_node")
    for net, nodes in _nets(variables):
        mine = [node for node in nodes if node.get("name") == me]
        if "tinc_vpn_node" in variables and not mine:
            yield _fault(net, f"has no node {me}, which is this host", "List everybody in nodes, this host too")
        for node in mine[:1]:
            if node.get("guest"):
                yield _fault(net, f"calls this host, {me}, a guest", "A guest is a machine that no play configures")
            subnets = [subnet for subnet in map(_syntax.network, _syntax.listed(node.get("subnets"))) if subnet]
            for key in ("address", "address6"):
                address = net.get(key)
                if _syntax.is_address(address) and not any(_in(str(address), subnet) for subnet in subnets):
                    yield _fault(
                        net, f"does not give {me} its own {key} {address}", f"Add {address} to the subnets of {me}"
                    )


def subnets(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """What lies outside the net's network would leave by the default route when the VPN is down."""
    for net, nodes in _nets(variables):
        homes = [home for home in (_syntax.network(net.get("network")), _syntax.network(net.get("network6"))) if home]
        for node in nodes:
            for text in _syntax.listed(node.get("subnets")):
                subnet = _syntax.network(text)
                if subnet is None:
                    yield _fault(
                        net,
                        f"gives {node.get('name')} {text!r}, which is no network",
                        "Write for example 10.8.0.1/32, with no bit set behind the length",
                    )
                elif homes and not any(_within(subnet, home) for home in homes):
                    yield _fault(
                        net,
                        f"gives {node.get('name')} {subnet}, which is outside of it",
                        f"Give a part of {' or '.join(map(str, homes))}, or make the network larger",
                    )


def owners(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """An address belongs to one node."""
    for net, nodes in _nets(variables):
        seen: list[tuple[Any, Network]] = []
        for node in nodes:
            for subnet in map(_syntax.network, _syntax.listed(node.get("subnets"))):
                for name, other in seen if subnet else ():
                    if subnet and subnet.version == other.version and subnet.overlaps(other):
                        yield _fault(
                            net,
                            f"gives {subnet} to {node.get('name')} and {other} to {name}",
                            "Give each node addresses of its own",
                        )
                seen += [(node.get("name"), subnet)] if subnet else []


def endpoints(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Where a node is reached: a name or an address, and a port when it is not the net's."""
    for net, nodes in _nets(variables):
        for node in nodes:
            for text in _syntax.listed(node.get("endpoints")):
                host, blank, port = text.partition(" ") if isinstance(text, str) else ("", "", "")
                named = _syntax.is_domain(host) or _syntax.is_slug(host)
                plain = (named and not host.replace(".", "").isdigit()) or (
                    _syntax.is_address(host) and not _syntax.is_wildcard(host)
                )
                if not plain or (blank and not (port.isdigit() and _syntax.is_port(int(port)))):
                    yield _fault(
                        net,
                        f"has an endpoint {text!r} of {node.get('name')}, which is none",
                        'Write "vpn.example.org" or "192.0.2.1 655": a name or an address, then a port if you like',
                    )


def guests(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A guest's folder gives his interface an address."""
    for net, nodes in _nets(variables):
        for node in (node for node in nodes if node.get("guest")):
            found = [subnet for subnet in map(_syntax.network, _syntax.listed(node.get("subnets"))) if subnet]
            if not any(subnet.num_addresses == 1 for subnet in found):
                yield _fault(
                    net,
                    f"gives guest {node.get('name')} no address",
                    "Add one to its subnets, as 10.9.0.50/32",
                )


def public_keys(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A damaged key shows on the other side only, as a connection that never comes."""
    for net, nodes in _nets(variables):
        for node in nodes:
            wrong = _rsa.fault(node["public_key"]) if node.get("public_key") else ""
            if wrong:
                yield _fault(
                    net,
                    f"has a public_key of {node.get('name')} that cannot be used: {wrong}",
                    "Give the block BEGIN RSA PUBLIC KEY that tincd -K has made",
                )


def _fault(net: Mapping[str, Any], text: str, cure: str) -> Fault:
    return Fault("tinc_vpn_nets", f"net {net.get('name')} {text}", cure)


def _in(address: str, network: Network) -> bool:
    found = ipaddress.ip_address(address)
    return found.version == network.version and found in network


def _within(subnet: Network, home: Network) -> bool:
    return subnet.version == home.version and subnet.subnet_of(home)  # type: ignore[arg-type]  # same version


def _nets(variables: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], list[Mapping[str, Any]]]]:
    for net in _rule_parts.records(variables, "tinc_vpn_nets"):
        yield net, _rule_parts.records(net, "nodes")


RULES: tuple[Callable[[Mapping[str, Any]], Iterable[Fault]], ...] = (
    node_names,
    this_host,
    subnets,
    owners,
    endpoints,
    guests,
    public_keys,
)
