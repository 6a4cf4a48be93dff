# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewall rules as data become the inside of one nftables table. PRIVATE to the collection.

Rules are dictionaries of role firewall, already judged by its validation: here nothing is checked again.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Rule = Mapping[str, Any]

# Where a confined process may not go. What it needs of it is named, rule by rule. Judged after NAT: what counts is
# where the packet goes in the end.
PRIVATE4 = (
    "0.0.0.0/8",  # the kernel takes 0.0.0.0 for this host
    "10.0.0.0/8",
    "100.64.0.0/10",  # carrier-grade NAT, and many a provider's own services
    "127.0.0.0/8",
    "169.254.0.0/16",  # link-local, and the metadata of clouds
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",  # 6to4 relays
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",  # multicast, reserved, broadcast
)
# Of IPv6 only this is the internet: no loopback, ULA, link-local, multicast, IPv4 in disguise, NAT64.
INTERNET6 = "2000::/3"
PRIVATE6 = (
    "2001::/23",  # Teredo, ORCHID, benchmarks: addresses that stand for something else
    "2001:db8::/32",
    "2002::/16",  # 6to4: any IPv4 address, private ones too
    "3fff::/20",
)

# Without these there is no IPv6 and no path MTU discovery, so no option takes them away. They come before "invalid"
# is dropped: an error about a connection that is no longer known still is one.
ALWAYS = """
chain always {
    icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept
    icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept
    icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } accept
    icmp type { destination-unreachable, time-exceeded, parameter-problem } accept
}
"""

# Answers come from other addresses than the request went to, so connection tracking does not know them.
LEASES = (
    'udp sport 67 udp dport 68 accept comment "DHCP renews the address"',
    'ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept comment "DHCPv6 renews the address"',
)

PING = "echo-request limit rate 20/second burst 40 packets accept"
REFUSED = ("meta l4proto tcp reject with tcp reset", "reject with icmpx admin-prohibited")
STATES = "ct state vmap { established : accept, related : accept, invalid : drop }"
# Guests of libvirt, Incus or LXD get their addresses and names from the host.
FOREIGN_SERVICES = ("udp dport { 53, 67, 547 }", "tcp dport 53")


@dataclass(frozen=True)
class Options:
    """What the role says besides its rules."""

    confined: Sequence[Mapping[str, Any]] = ()
    foreign_interfaces: Sequence[str] = ()
    allow_ping: bool = True
    log_drops: bool = True


def content(rules: Sequence[Rule], options: Options) -> str:
    """Return the inside of the table: all its chains."""
    parts = [ALWAYS.strip(), _input(rules, options), _forward(rules, options)]
    if options.confined:
        parts += _output(rules, options)
    return "\n\n".join(parts) + "\n"


def statements(rule: Rule) -> list[str]:
    """Return a rule in nft's words: one line per address family of its peers."""
    direction = rule["direction"]
    words = []
    if rule.get("owner") not in (None, ""):
        words.append(f"meta skuid {owner(rule['owner'])}")
    if rule.get("interfaces"):
        words.append(f"{'oifname' if direction == 'out' else 'iifname'} {_set(map(_quoted, rule['interfaces']))}")
    side = "daddr" if direction == "out" else "saddr"
    protocol = rule["protocol"]
    what = f"{protocol} dport {_set(map(str, rule['ports']))}" if rule.get("ports") else f"meta l4proto {protocol}"
    end = [what, "accept", f"comment {_quoted(rule['comment'])}"]
    if not rule.get("peers"):
        return [" ".join([*words, *end])]
    return [" ".join([*words, f"{family} {side} {_set(peers)}", *end]) for family, peers in _families(rule["peers"])]


def owner(value: Any) -> str:
    """Return a user as nft wants it; a name is looked up on the host when the table is loaded."""
    return str(value) if str(value).isdigit() else _quoted(str(value))


def _families(peers: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    networks = [ipaddress.ip_network(peer) for peer in peers]
    for version, family in ((4, "ip"), (6, "ip6")):
        found = [str(network) for network in networks if network.version == version]
        if found:
            yield family, found


def _quoted(text: str) -> str:
    return f'"{text}"'


def _set(members: Iterable[str]) -> str:
    return "{ " + ", ".join(members) + " }"


def _chain(name: str, lines: Iterable[str]) -> str:
    return "\n".join([f"chain {name} {{", *(f"    {line}" for line in lines), "}"])


def _of(rules: Sequence[Rule], direction: str) -> list[str]:
    return [line for rule in rules if rule["direction"] == direction for line in statements(rule)]


def _log(options: Options, what: str) -> list[str]:
    # Rate-limited: a port scan must not fill the disk. Broadcasts are everyday noise.
    if not options.log_drops:
        return []
    return [f'meta pkttype host limit rate 6/minute burst 10 packets log prefix "firewall drops {what}: "']


def _input(rules: Sequence[Rule], options: Options) -> str:
    lines = ["type filter hook input priority filter; policy drop;", 'iif "lo" accept', "jump always", *LEASES, STATES]
    if options.allow_ping:
        lines += [f"{protocol} type {PING}" for protocol in ("icmp", "icmpv6")]
    if options.foreign_interfaces:
        bridges = _set(map(_quoted, options.foreign_interfaces))
        lines += [f"iifname {bridges} {service} accept" for service in FOREIGN_SERVICES]
    return _chain("input", [*lines, *_of(rules, "in"), *_log(options, "in"), "counter"])


def _forward(rules: Sequence[Rule], options: Options) -> str:
    lines = ["type filter hook forward priority filter; policy drop;"]
    if options.foreign_interfaces:
        # A drop here would be final, whatever another table says. These packets are judged by their engine's table.
        bridges = _set(map(_quoted, options.foreign_interfaces))
        lines += [f"iifname {bridges} accept", f"oifname {bridges} accept"]
    lines += ["jump always", STATES, *_of(rules, "forward"), *_log(options, "forward"), "counter"]
    return _chain("forward", lines)


def _output(rules: Sequence[Rule], options: Options) -> list[str]:
    # By user, not by cgroup: "socket cgroupv2" wants a path that exists when the table is loaded, which is before the
    # network and long before the engine, and does not follow a container that is made anew. A uid is always there.
    owners = _set(owner(entry["owner"]) for entry in options.confined)
    output = [
        "type filter hook output priority filter; policy accept;",
        "ct state established,related accept",
        *_of(rules, "out"),
        f"meta skuid {owners} goto confined",
    ]
    confined = [
        # The port that was asked for: a resolver may be reached through a NAT of ports. nft 1.0.6 lists this in a way
        # that it does not read, unless there is one protocol only.
        *(f'meta l4proto {protocol} ct original proto-dst 53 accept comment "DNS"' for protocol in ("udp", "tcp")),
        f"ip daddr {_set(PRIVATE4)} goto denied",
        f"ip6 daddr != {INTERNET6} goto denied",
        f"ip6 daddr {_set(PRIVATE6)} goto denied",
        # A public address of this host leads back into it past the input chain. There, what everybody may reach.
        "fib daddr type local goto itself",
    ]
    return [
        _chain("output", output),
        _chain("confined", confined),
        _chain("itself", [*_of(list(filter(_is_anyones, rules)), "in"), "goto denied"]),
        # An error at once: a job that waits for a time-out keeps a worker busy. Linux does not hand the ICMP error to
        # an IPv6 socket that is just connecting.
        _chain("denied", [*_log(options, "out"), "counter", *REFUSED]),
    ]


def _is_anyones(rule: Rule) -> bool:
    return not rule.get("peers") and not rule.get("interfaces")


def lets_in(rules: Iterable[Rule], address: str, port: int) -> bool:
    """Tell whether any rule may let a new tcp connection in. The interface is left open: it is not known here."""
    peer = ipaddress.ip_address(address.partition("%")[0])
    mapped = peer.ipv4_mapped if isinstance(peer, ipaddress.IPv6Address) else None
    peer = mapped or peer
    if peer.is_loopback:
        return True
    return any(
        rule.get("direction", "in") == "in"
        and rule.get("protocol") == "tcp"
        and (not rule.get("ports") or any(_covers(ports, port) for ports in rule["ports"]))
        and (not rule.get("peers") or any(peer in ipaddress.ip_network(network) for network in rule["peers"]))
        for rule in rules
    )


def _covers(ports: Any, port: int) -> bool:
    first, _dash, last = str(ports).partition("-")
    return int(first) <= port <= int(last or first)
