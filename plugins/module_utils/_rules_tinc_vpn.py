# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of role tinc_vpn that cannot work. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable

from ansible_collections.fediops.mastodon.plugins.module_utils import (
    _rule_parts,
    _rules_tinc_vpn_nodes,
    _syntax,
    _tinc,
)
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault

# tinc 1.0 starts every packet of a key with the same vector: counter modes would give the plain text away.
CIPHERS = tuple(f"{family}-{bits}-cbc" for family in ("aes", "camellia") for bits in (128, 192, 256))
DIGESTS = ("sha256", "sha384", "sha512")
KEY_BITS = (2048, 3072, 4096)

_NODE = re.compile(r"[A-Za-z0-9_]{1,64}")
_NET = re.compile(r"[a-z][a-z0-9_]{0,30}")
_INTERFACE = re.compile(r"[a-z][a-z0-9_-]{0,14}")
_REKEY = re.compile(r"(?P<net>[a-z][a-z0-9_]*)/(?P<serial>[1-9][0-9]{0,8})")


def node_name(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Names of nodes are names of files, and words in tinc's configuration."""
    if "tinc_vpn_node" in variables and not _is(_NODE, variables["tinc_vpn_node"]):
        yield Fault(
            "tinc_vpn_node",
            f"{variables['tinc_vpn_node']!r} is not a name that tinc knows",
            "Use letters, digits and underscores",
        )


def keys_dir(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A relative path would mean another place for each playbook."""
    path = variables.get("tinc_vpn_keys_dir")
    if "tinc_vpn_keys_dir" in variables and not (isinstance(path, str) and path.startswith(("/", "~"))):
        yield Fault("tinc_vpn_keys_dir", f"{path!r} is not an absolute path", "Name a directory of the controller")


def some_net(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A host without a net does not belong to this role."""
    if "tinc_vpn_nets" in variables and not _nets(variables):
        yield Fault("tinc_vpn_nets", "it names no net", "Describe a net, or do not apply the role to this host")


def names(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A net is a directory, an instance of a unit and, by default, part of an interface's name."""
    for net in _nets(variables):
        name, interface = net.get("name"), _tinc.interface_of(net)
        if not _is(_NET, name):
            yield Fault(
                "tinc_vpn_nets", f"{name!r} is not a name for a net", "Use lower case, digits and _, a letter first"
            )
        elif not _is(_INTERFACE, interface):
            yield Fault(
                "tinc_vpn_nets",
                f"net {name} cannot have an interface {interface!r}",
                "Give it an interface of at most 15 lower-case letters, digits, _ and -",
            )


def ports(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A port is a number, and two daemons cannot share one."""
    for net in _nets(variables):
        if not _syntax.is_port(net.get("port", _tinc.DEFAULT_PORT)):
            yield Fault(
                "tinc_vpn_nets",
                f"net {net.get('name')} has port {net.get('port')!r}, which is none",
                "Give a whole number from 1 to 65535, without quotes",
            )


def twice(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """What two nets of a host cannot share."""
    of_nets: dict[str, Callable[[Mapping[str, Any]], Any]] = {
        "name": lambda net: net.get("name"),
        "interface": _tinc.interface_of,
        "port": lambda net: net.get("port", _tinc.DEFAULT_PORT),
        "address": lambda net: net.get("address"),
    }
    for what, of_net in of_nets.items():
        seen: list[Any] = []
        for net in _nets(variables):
            value = of_net(net)
            if value is not None and value in seen:
                yield Fault("tinc_vpn_nets", f"{what} {value} is there twice", f"Give each net its own {what}")
            seen.append(value)


def networks(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Packets for a net's network are refused when the VPN is down: it must be nobody else's."""
    for net in _nets(variables):
        for key, version in (("network", 4), ("network6", 6)):
            yield from _network(net, key, version)
        for key in ("address", "address6"):
            yield from _address(net, key, key.replace("address", "network"))


def _network(net: Mapping[str, Any], key: str, version: int) -> Iterator[Fault]:
    if not net.get(key) and key == "network6":
        return
    found = _syntax.network(net.get(key))
    where = f"{key} {net.get(key)!r} of net {net.get('name')}"
    if found is None or found.version != version or "/" not in str(net.get(key)):
        yield Fault("tinc_vpn_nets", f"{where} is no IPv{version} network", "Write it as 10.8.0.0/24 or fd42::/64")
    elif found.prefixlen < 8:
        yield Fault("tinc_vpn_nets", f"{where} is most of the internet", "Give a private network, such as 10.8.0.0/24")
    elif found.is_loopback or found.is_link_local or found.is_multicast:
        yield Fault("tinc_vpn_nets", f"{where} has a meaning of its own", "Give a private network, such as 10.8.0.0/24")


def _address(net: Mapping[str, Any], key: str, network_key: str) -> Iterator[Fault]:
    address, network = net.get(key), _syntax.network(net.get(network_key))
    where = f"{key} {address!r} of net {net.get('name')}"
    if key == "address6" and not address and not net.get(network_key):
        return
    if not _syntax.is_address(address):
        yield Fault("tinc_vpn_nets", f"{where} is no address", f"Give this host an address in {network_key}")
    elif network is None:
        # A bad network of IPv4 has been named already.
        if key == "address6":
            yield Fault("tinc_vpn_nets", f"{where} has no network6", "Give both or neither")
    elif not _rules_tinc_vpn_nodes.is_member(str(address), network):
        yield Fault("tinc_vpn_nets", f"{where} is not an address in {network}", "Give this host an address in it")


def overlaps(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Of two nets with the same address in both, one would get the packets of the other."""
    seen: list[tuple[Any, Any]] = []
    for net in _nets(variables):
        for key in ("network", "network6"):
            found = _syntax.network(net.get(key)) if net.get(key) else None
            for name, other in seen if found else ():
                if found.version == other.version and found.overlaps(other):  # type: ignore[union-attr]  # see above
                    yield Fault(
                        "tinc_vpn_nets",
                        f"{found} of net {net.get('name')} overlaps {other} of net {name}",
                        "Give each net a network of its own",
                    )
            seen += [(net.get("name"), found)] if found else []


def strength(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """tinc takes any name that OpenSSL knows, and "none"."""
    for name, known in (("tinc_vpn_cipher", CIPHERS), ("tinc_vpn_digest", DIGESTS), ("tinc_vpn_key_bits", KEY_BITS)):
        if name in variables and variables[name] not in known:
            yield Fault(name, f"{variables[name]!r} is weak or not known", f"Give one of {', '.join(map(str, known))}")


def pings(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """tinc shortens a time-out that is longer than the interval without a word."""
    for name, most in (("tinc_vpn_ping_interval", 3600), ("tinc_vpn_ping_timeout", 3600)):
        number = _rule_parts.whole_number(variables.get(name, 1))
        if number is None or not 1 <= number <= most:
            yield Fault(name, f"it is not a number of seconds from 1 to {most}", "Give a whole number, without quotes")
    interval, timeout = (
        _rule_parts.whole_number(variables.get(f"tinc_vpn_ping_{name}", default))
        for name, default in (("interval", 5), ("timeout", 3))
    )
    if interval is not None and timeout is not None and timeout > interval:
        yield Fault("tinc_vpn_ping_timeout", "it is longer than tinc_vpn_ping_interval", "Make it shorter, or as long")


def mtu(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """IPv6 needs 1280; tinc takes no packet larger than Ethernet's."""
    number = _rule_parts.whole_number(variables.get("tinc_vpn_mtu", 1400))
    if number is None or not 1280 <= number <= 1500:
        yield Fault("tinc_vpn_mtu", "it is not a number from 1280 to 1500", "Give a whole number, without quotes")


def tcp_retries(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Fewer end connections that a moment of loss would not have ended; Linux knows no more."""
    number = _rule_parts.whole_number(variables.get("tinc_vpn_tcp_retries", 5))
    if number is None or not 3 <= number <= 15:
        yield Fault("tinc_vpn_tcp_retries", "it is not a number from 3 to 15", "Give a whole number, without quotes")


def rekey(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Without a number a second run could not know that the first has made the new key."""
    known = [net.get("name") for net in _nets(variables)]
    for entry in _syntax.listed(variables.get("tinc_vpn_rekey")):
        match = _REKEY.fullmatch(entry) if isinstance(entry, str) else None
        if match is None:
            yield Fault(
                "tinc_vpn_rekey",
                f"{entry!r} is not a net and a number",
                "Write for example data/1, and data/2 the next time",
            )
        elif known and match["net"] not in known:
            yield Fault("tinc_vpn_rekey", f"this host has no net {match['net']}", "Name one of its nets")


def platform(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The role knows Debian's packages; both releases carry tinc 1.0.36."""
    return _rule_parts.platform(variables, "tinc_vpn_nets", {"12", "13"})


def _nets(variables: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return _rule_parts.records(variables, "tinc_vpn_nets")


def _is(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


RULES: tuple[Callable[[Mapping[str, Any]], Iterable[Fault]], ...] = (
    platform,
    node_name,
    keys_dir,
    some_net,
    names,
    ports,
    twice,
    networks,
    overlaps,
    strength,
    pings,
    mtu,
    tcp_retries,
    rekey,
    *_rules_tinc_vpn_nodes.RULES,
)
