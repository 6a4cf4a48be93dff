# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each rule of role tinc_vpn finds its fault, and nothing else does."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _rsa, _rules_tinc_vpn
from hypothesis import given
from hypothesis import strategies as st

FACTS = {"distribution": "Debian", "distribution_major_version": "13"}
DATA: dict[str, Any] = {
    "name": "data",
    "address": "10.8.0.1",
    "network": "10.8.0.0/24",
    "address6": "fd42:8::1",
    "network6": "fd42:8::/64",
    "nodes": [
        {"name": "tempo", "endpoints": ["tempo.example.org"], "subnets": ["10.8.0.1/32", "fd42:8::1/128"]},
        {"name": "parasect", "endpoints": ["192.0.2.7 1655", "2001:db8::7"], "subnets": ["10.8.0.2/32"]},
        {"name": "away", "endpoints": [], "subnets": ["10.8.0.3/32"]},
    ],
}
ADMIN: dict[str, Any] = {
    "name": "admin",
    "interface": "adm0",
    "port": 656,
    "address": "10.9.0.1",
    "network": "10.9.0.0/24",
    "nodes": [
        {"name": "tempo", "endpoints": ["tempo"], "subnets": ["10.9.0.1/32"]},
        {"name": "laptop", "guest": True, "subnets": ["10.9.0.50/32"], "public_key": _rsa._encode(1 << 2047, 65537)},
    ],
}
GOOD: dict[str, Any] = {
    "tinc_vpn_node": "tempo",
    "tinc_vpn_keys_dir": "/home/admin/inventory/keys",
    "tinc_vpn_nets": [DATA, ADMIN],
    "tinc_vpn_cipher": "aes-256-cbc",
    "tinc_vpn_digest": "sha256",
    "tinc_vpn_ping_interval": 5,
    "tinc_vpn_ping_timeout": 3,
    "tinc_vpn_mtu": 1400,
    "tinc_vpn_tcp_retries": 5,
    "tinc_vpn_key_bits": 4096,
    "tinc_vpn_rekey": ["data/2"],
    "ansible_facts": FACTS,
}


def faults(variables: dict[str, Any]) -> list[str]:
    found = [fault for rule in _rules_tinc_vpn.RULES for fault in rule(variables)]
    assert all(fault.fault and fault.cure for fault in found)
    return [f"{fault.variable}: {fault.fault}" for fault in found]


def net(**changes: Any) -> dict[str, Any]:
    """The good values with a change in net data."""
    return {**GOOD, "tinc_vpn_nets": [{**DATA, **changes}, ADMIN]}


def node(index: int, of: dict[str, Any] = DATA, **changes: Any) -> dict[str, Any]:
    """The good values with a change of one node."""
    changed = copy.deepcopy(of)
    changed["nodes"][index].update(changes)
    return {**GOOD, "tinc_vpn_nets": [changed, ADMIN if of is DATA else DATA]}


def test_good_values() -> None:
    assert faults(GOOD) == []
    assert faults({}) == []


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({**GOOD, "tinc_vpn_node": "tempo.example"}, "not a name that tinc knows"),
        ({**GOOD, "tinc_vpn_keys_dir": "keys"}, "not an absolute path"),
        ({**GOOD, "tinc_vpn_nets": []}, "names no net"),
        ({**GOOD, "tinc_vpn_cipher": "blowfish"}, "weak"),
        ({**GOOD, "tinc_vpn_cipher": "aes-256-ctr"}, "weak"),
        ({**GOOD, "tinc_vpn_digest": "none"}, "weak"),
        ({**GOOD, "tinc_vpn_key_bits": 1024}, "weak"),
        ({**GOOD, "tinc_vpn_ping_interval": 0}, "number of seconds"),
        ({**GOOD, "tinc_vpn_ping_timeout": 6}, "longer than"),
        ({**GOOD, "tinc_vpn_mtu": 1501}, "1280 to 1500"),
        ({**GOOD, "tinc_vpn_tcp_retries": 2}, "3 to 15"),
        ({**GOOD, "tinc_vpn_rekey": ["data"]}, "not a net and a number"),
        ({**GOOD, "tinc_vpn_rekey": ["data/0"]}, "not a net and a number"),
        ({**GOOD, "tinc_vpn_rekey": ["date/1"]}, "has no net date"),
        ({**GOOD, "ansible_facts": {**FACTS, "distribution_major_version": "11"}}, "Debian 11"),
        (net(name="Data"), "not a name for a net"),
        (net(name="../etc"), "not a name for a net"),
        (net(name="database_net"), "cannot have an interface"),
        (net(interface="a b"), "cannot have an interface"),
        (net(name="admin"), "name admin is there twice"),
        (net(interface="adm0"), "interface adm0 is there twice"),
        (net(port=656), "port 656 is there twice"),
        (net(port="655"), "which is none"),
        (net(port=70000), "which is none"),
        (net(network="10.8.0.1/24"), "no IPv4 network"),
        (net(network="10.8.0.1"), "no IPv4 network"),
        (net(network="fd42::/64"), "no IPv4 network"),
        (net(network="0.0.0.0/0"), "most of the internet"),
        (net(network6="::/0"), "most of the internet"),
        (net(network="127.0.0.0/8"), "a meaning of its own"),
        (net(address="10.7.0.1"), "not an address in"),
        (net(address="10.8.0.0"), "not an address in"),
        (net(address="10.8.0.255"), "not an address in"),
        (net(address="me"), "is no address"),
        (net(network6=None), "has no network6"),
        (net(address6=None), "is no address"),
        (net(network="10.9.0.0/16"), "overlaps"),
        (net(network="10.0.0.0/8"), "overlaps"),
        (net(nodes=DATA["nodes"][1:]), "has no node tempo"),
        (node(1, name="para-sect"), "tinc cannot name"),
        (node(1, name="../x"), "tinc cannot name"),
        (node(1, name="away"), "node away twice"),
        (node(0, guest=True), "calls this host, tempo, a guest"),
        (node(0, subnets=["10.8.0.9/32"]), "its own address 10.8.0.1"),
        (node(1, subnets=["10.8.0.2/24"]), "no network"),
        (node(1, subnets=["10.77.0.0/24"]), "outside of it"),
        (node(1, subnets=["10.8.0.1/32"]), "gives 10.8.0.1/32 to parasect"),
        (node(1, subnets=["10.8.0.0/30"]), "to tempo"),
        (node(1, endpoints=["http://x"]), "which is none"),
        (node(1, endpoints=["example.org:655"]), "which is none"),
        (node(1, endpoints=["example.org 0"]), "which is none"),
        (node(1, endpoints=["0.0.0.0"]), "which is none"),
        (node(1, endpoints=["10.1"]), "which is none"),
        (node(1, endpoints=["a\nSubnet = 10.8.0.1"]), "which is none"),
        (node(1, ADMIN, subnets=["10.9.0.64/26"]), "no address"),
        (node(1, ADMIN, public_key="ssh-rsa AAAA"), "cannot be used"),
        (node(1, ADMIN, public_key=_rsa._encode(1 << 1023, 3)), "1024 bits"),
    ],
)
def test_faults(variables: dict[str, Any], says: str) -> None:
    found = faults(variables)
    assert [text for text in found if says in text], found


ODD = [None, True, 0, -1, 656, "", "x", "10.8.0.1/32", "fd42::1", [], ["10.8.0.0/24", None], {}, [{}], [[]], {"a": 1}]


def places(value: Any) -> list[list[Any]]:
    """The way to every value inside."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [[key, *rest] for key, inner in pairs for rest in ([], *places(inner))]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([place for place in places(GOOD) if place[0] != "ansible_facts"]), st.sampled_from(ODD)
        ),
        max_size=3,
    )
)
def test_no_value_makes_a_rule_stumble(changes: list[tuple[list[Any], Any]]) -> None:
    variables = copy.deepcopy(GOOD)
    for place, odd in changes:
        target: Any = variables
        try:
            for key in place[:-1]:
                target = target[key]
            target[place[-1]] = odd
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change has taken the place away
    faults(variables)
