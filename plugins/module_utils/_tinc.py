# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tinc's files say. PRIVATE to the collection: no other code may rely on it.

A net comes in as the admin or the wiring wrote it, already judged by _rules_tinc_vpn. Out come the files of a host, or
the folder that is sent to the owner of a laptop.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MANAGED = "# Ansible managed"
DEFAULT_PORT = 655
# A peer that was away is tried again after at most this many seconds; tinc's own default is a quarter of an hour.
RETRY = 10
MAC_BYTES = 16


@dataclass(frozen=True)
class Settings:
    """What all nets of a host have in common."""

    node: str
    cipher: str = "aes-256-cbc"
    digest: str = "sha256"
    ping_interval: int = 5
    ping_timeout: int = 3
    mtu: int = 1400


@dataclass(frozen=True)
class Node:
    """A member of a net."""

    name: str
    endpoints: tuple[tuple[str, int], ...] = ()
    subnets: tuple[str, ...] = ()
    guest: bool = False
    public_key: str = ""


@dataclass(frozen=True)
class Net:
    """One net as one host sees it."""

    name: str
    interface: str
    port: int
    address: str
    network: str
    address6: str = ""
    network6: str = ""
    nodes: tuple[Node, ...] = field(default=())

    @property
    def networks(self) -> list[str]:
        """The networks whose packets belong into this net."""
        return [network for network in (self.network, self.network6) if network]

    def prefixed(self) -> list[str]:
        """The addresses of this host with the lengths of their networks."""
        pairs = ((self.address, self.network), (self.address6, self.network6))
        return [f"{address}/{network.rpartition('/')[2]}" for address, network in pairs if address and network]


def interface_of(net: Mapping[str, Any]) -> str:
    """Return the name of a net's interface."""
    return str(net.get("interface") or f"vpn-{net.get('name')}")


def endpoint(text: str, port: int) -> tuple[str, int]:
    """Return host and port of "host" or "host port"."""
    host, _blank, own = text.partition(" ")
    return host, int(own) if own else port


def net_of(data: Mapping[str, Any]) -> Net:
    """Return a net with its defaults filled in."""
    port = int(data.get("port") or DEFAULT_PORT)
    nodes = tuple(
        Node(
            name=node["name"],
            endpoints=tuple(endpoint(text, port) for text in node.get("endpoints") or ()),
            subnets=tuple(node.get("subnets") or ()),
            guest=bool(node.get("guest")),
            public_key=node.get("public_key") or "",
        )
        for node in data["nodes"]
    )
    return Net(
        name=data["name"],
        interface=interface_of(data),
        port=port,
        address=data["address"],
        network=data["network"],
        address6=data.get("address6") or "",
        network6=data.get("network6") or "",
        nodes=nodes,
    )


def missing(net: Net, keys: Mapping[str, str], me: str) -> list[str]:
    """Return the nodes whose public half is not known: nobody can speak to them yet."""
    return [node.name for node in net.nodes if node.name != me and node.name not in keys]


def tinc_conf(net: Net, settings: Settings) -> str:
    """Return the options that tincd reads when it starts; peers have a file of their own, which a reload reads."""
    return _lines(
        MANAGED,
        f"Name = {settings.node}",
        f"Interface = {net.interface}",
        "Mode = router",
        f"Port = {net.port}",
        f"Cipher = {settings.cipher}",
        f"Digest = {settings.digest}",
        f"MACLength = {MAC_BYTES}",
        "# Only what lies in hosts/ counts: a peer that claims somebody else's address gets nothing",
        "StrictSubnets = yes",
        "PMTUDiscovery = yes",
        "ClampMSS = yes",
        f"PingInterval = {settings.ping_interval}",
        f"PingTimeout = {settings.ping_timeout}",
        f"MaxTimeout = {RETRY}",
    )


def peers_conf(net: Net, keys: Mapping[str, str], me: str) -> str:
    """Return whom to connect to: everybody who can be reached and whose key is known."""
    peers = [node.name for node in net.nodes if node.endpoints and node.name != me and node.name in keys]
    return _lines(MANAGED, *(f"ConnectTo = {name}" for name in sorted(peers)))


def host_file(node: Node, key: str) -> str:
    """Return a file of hosts/: where a node is, what belongs to it, and how it is known."""
    addresses = [f"Address = {host} {port}" for host, port in node.endpoints]
    return _lines(MANAGED, *addresses, *(f"Subnet = {subnet}" for subnet in node.subnets), "") + key


def host_files(net: Net, keys: Mapping[str, str], me: str) -> dict[str, str]:
    """Return hosts/ as a whole. One's own file is there without a key, too: tincd reads its own subnets from it."""
    known = [node for node in net.nodes if node.name in keys or node.name == me]
    return {node.name: host_file(node, keys.get(node.name, "")) for node in known}


def interface_up(net: Net, user: str, mtu: int) -> str:
    """Return the script that makes the interface: as root and before tincd, which then needs no right to do so."""
    six = "0" if net.address6 else "1"
    switch = f"/proc/sys/net/ipv6/conf/{net.interface}/disable_ipv6"
    return _lines(
        "#!/bin/sh",
        MANAGED,
        "set -eu",
        "# As udev does, where there is one",
        "chmod 0666 /dev/net/tun",
        f"ip tuntap del dev {net.interface} mode tun 2>/dev/null || :",
        f"ip tuntap add dev {net.interface} mode tun user {user}",
        "# No peer may speak for an address outside the net",
        f"echo 1 >/proc/sys/net/ipv4/conf/{net.interface}/rp_filter",
        f"! test -e {switch} || echo {six} >{switch}",
        f"ip link set dev {net.interface} addrgenmode none",
        *(_address_add(address, net.interface) for address in net.prefixed()),
        f"ip link set dev {net.interface} mtu {mtu} up",
    )


def interface_down(net: Net) -> str:
    """Return the script that removes the interface: from then on the unreachable route refuses all packets."""
    return _lines("#!/bin/sh", MANAGED, f"exec ip tuntap del dev {net.interface} mode tun")


def _address_add(address: str, interface: str) -> str:
    # Duplicate address detection would keep an IPv6 address unusable for a second, and nobody answers it here.
    return f"ip address add {address} dev {interface}{' nodad' if ':' in address else ''}"


def own_files(net: Net, keys: Mapping[str, str], settings: Settings, user: str) -> dict[str, str]:
    """Return the files of a net on a host, by their path below the net's directory."""
    return {
        "tinc.conf": tinc_conf(net, settings),
        "conf.d/peers.conf": peers_conf(net, keys, settings.node),
        "interface-up": interface_up(net, user, settings.mtu),
        "interface-down": interface_down(net),
        **{f"hosts/{name}": text for name, text in host_files(net, keys, settings.node).items()},
    }


def guest_files(net: Net, guest: Node, keys: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """Return the folder that is sent to a guest: everything but a private key, which only his machine ever has.

    The settings are his: with his name.
    """
    device = '"$INTERFACE"'
    addresses = _guest_addresses(net, guest)
    # tinc 1.0 on a laptop has no directory of further options in every package: one file holds all.
    peers = peers_conf(net, keys, guest.name).partition("\n")[2]
    return {
        "tinc.conf": tinc_conf(net, settings) + peers,
        "tinc-up": _lines(
            "#!/bin/sh",
            "set -eu",
            *(_address_add(address, device) for address in addresses),
            f"ip link set dev {device} mtu {settings.mtu} up",
        ),
        "tinc-down": _lines("#!/bin/sh", f"ip link set dev {device} down"),
        "README": _lines(
            f"Net {net.name}, node {guest.name}: for a machine with Linux and tinc 1.0.35 or newer of the 1.0 line.",
            "",
            f"1. Copy this folder to /etc/tinc/{net.name} and make the scripts executable, as root:",
            f"     chmod 0755 /etc/tinc/{net.name}/tinc-up /etc/tinc/{net.name}/tinc-down",
            "2. Make the key. The private half stays on your machine:",
            f"     tincd -n {net.name} -K 4096 </dev/null",
            "3. Send the public half back: the block BEGIN/END RSA PUBLIC KEY at the end of",
            f"     /etc/tinc/{net.name}/hosts/{guest.name}",
            "4. When you are told that you are let in, start it:",
            f"     systemctl enable --now tinc@{net.name}",
            "",
            "When you are sent a newer folder: copy it over the old one, but for hosts/" + guest.name + ",",
            f"and run systemctl reload tinc@{net.name}.",
        ),
        **{f"hosts/{name}": text for name, text in host_files(net, keys, guest.name).items()},
    }


def _guest_addresses(net: Net, guest: Node) -> list[str]:
    found: dict[int, str] = {}
    for subnet in map(ipaddress.ip_network, guest.subnets):
        home = net.network if subnet.version == 4 else net.network6
        if subnet.num_addresses == 1 and home:
            found.setdefault(subnet.version, f"{subnet.network_address}/{home.rpartition('/')[2]}")
    return list(found.values())


def _lines(*lines: str) -> str:
    return "\n".join([*lines, ""])
