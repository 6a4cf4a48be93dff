# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about the private networks between the hosts, and who gets through the firewalls. PRIVATE to the collection."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault
from ansible_collections.fediops.mastodon.plugins.module_utils._inventory import Inventory, InventoryRule

VPN = "tinc_vpn"
# The net of the hosts, and that of people: the variable of the network, and the one of a host's address in it.
NETS = (("instance_vpn_network", "private_address"), ("instance_admin_network", "admin_address"))


def _network(value: Any) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(str(value))
    except ValueError:
        return None


def _address(value: Any) -> ipaddress.IPv4Address | None:
    try:
        return ipaddress.IPv4Address(str(value))
    except ValueError:
        return None


def vpn_has_a_network(inventory: Inventory) -> Iterable[Fault]:
    """What is routed into the VPN, and refused when the VPN is down."""
    if inventory.members(VPN) and not inventory.text("instance_vpn_network"):
        yield Fault(
            "instance_vpn_network",
            "it is not set, and group tinc_vpn has hosts",
            "Set it to a private network that nobody around uses, such as 10.235.0.0/16",
        )


def networks_are_networks(inventory: Inventory) -> Iterable[Fault]:
    """A typo here would route something else into the VPN."""
    for name, _address_name in NETS:
        value = inventory.instance(name)
        if value in (None, ""):
            continue
        network = _network(value)
        if network is None:
            yield Fault(name, f"{value!r} is not an IPv4 network", "Write it as 10.235.0.0/16, with zeros at the end")
        elif not network.is_private or network.is_loopback or network.is_link_local or network.prefixlen < 8:
            yield Fault(
                name,
                f"{value} is not a private network",
                "Take a part of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16",
            )


def networks_are_apart(inventory: Inventory) -> Iterable[Fault]:
    """In one network people's laptops would be neighbours of the database."""
    found = [(name, _network(inventory.instance(name))) for name, _address_name in NETS]
    (vpn_name, vpn), (admin_name, admin) = found
    if vpn and admin and vpn.overlaps(admin):
        yield Fault(admin_name, f"{admin} overlaps {vpn_name}, {vpn}", "Take another network for one of the two")


def vpn_joins_all_hosts(inventory: Inventory) -> Iterable[Fault]:
    """A host outside of it could reach neither the database nor the app."""
    members = inventory.members(VPN)
    missing = [host for host in inventory.working_hosts() if host not in members]
    if members and missing:
        yield Fault(
            "group tinc_vpn",
            f"{', '.join(missing)} is not in it, but other hosts of the instance are",
            "Put all hosts of the instance into the group, or none",
        )


def _members_of_nets(inventory: Inventory) -> Iterator[tuple[str, str, ipaddress.IPv4Network, Any]]:
    for name, address_name in NETS:
        network = _network(inventory.instance(name))
        if network is None:
            continue
        for host in inventory.members(VPN):
            yield host, address_name, network, inventory.hosts.get(host, {}).get(address_name)


def vpn_addresses_are_in_their_network(inventory: Inventory) -> Iterable[Fault]:
    """An address outside of it would never be routed into the VPN."""
    for host, name, network, value in _members_of_nets(inventory):
        if value in (None, ""):
            # That of a private address is told by the rule that wants it of every host.
            if name != "private_address":
                yield Fault(name, "it is not set", f"Give the host an address in {network}", host)
            continue
        address = _address(value)
        if address is None or address not in network:
            yield Fault(name, f"{value} is not in {network}", "Give the host an address in that network", host)


def firewall_has_the_whole_instance(inventory: Inventory) -> Iterable[Fault]:
    """One host without it is the way around all the others."""
    members = inventory.members("firewall")
    missing = [host for host in inventory.working_hosts() if host not in members]
    if members and missing:
        yield Fault(
            "group firewall",
            f"{', '.join(missing)} is not in it, but other hosts of the instance are",
            "Put all hosts of the instance into the group, or none",
        )


def ssh_peers_are_networks(inventory: Inventory) -> Iterable[Fault]:
    """A name would be refused by the firewall, after half of the run."""
    peers = inventory.instance("instance_ssh_peers") or []
    for value in peers if isinstance(peers, list) else [peers]:
        try:
            ipaddress.ip_network(str(value))
        except ValueError:
            yield Fault(
                "instance_ssh_peers",
                f"{value!r} is neither an address nor a network",
                "Write addresses or networks, such as 198.51.100.7 or 198.51.100.0/24",
            )


def _peers(inventory: Inventory) -> Iterator[Mapping[str, Any]]:
    value = inventory.instance("instance_admin_peers")
    yield from (peer for peer in value if isinstance(peer, Mapping)) if isinstance(value, list) else ()


def admin_peers_have_a_net(inventory: Inventory) -> Iterable[Fault]:
    """Without the net nobody would join anything, and nothing would say so."""
    if any(_peers(inventory)) and not inventory.text("instance_admin_network"):
        yield Fault(
            "instance_admin_peers",
            "there is no admin net that they could join",
            "Set instance_admin_network, and admin_address on each host",
        )


RULES: tuple[InventoryRule, ...] = (
    vpn_has_a_network,
    networks_are_networks,
    networks_are_apart,
    vpn_joins_all_hosts,
    vpn_addresses_are_in_their_network,
    firewall_has_the_whole_instance,
    ssh_peers_are_networks,
    admin_peers_have_a_net,
)
