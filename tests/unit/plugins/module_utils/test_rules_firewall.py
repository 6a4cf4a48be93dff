# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each rule of role firewall finds its fault, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _rules_firewall

FACTS = {"distribution": "Debian", "distribution_major_version": "13"}
SSH = {"comment": "ssh", "direction": "in", "protocol": "tcp", "ports": [22]}
OUT = {"comment": "cache", "direction": "out", "protocol": "tcp", "ports": [6379], "peers": ["10.7.0.1"], "owner": 991}
GOOD: dict[str, Any] = {
    "firewall_rules": [SSH, OUT],
    "firewall_confined": [{"owner": 991, "comment": "the app"}],
    "firewall_foreign_interfaces": ["docker0", "br-*"],
    "firewall_allow_ping": True,
    "firewall_log_drops": True,
    "firewall_rollback_seconds": 60,
    "ansible_facts": FACTS,
}


def faults(**variables: Any) -> list[str]:
    """Return the variables at fault."""
    found = [fault for rule in _rules_firewall.RULES for fault in rule(variables)]
    assert all(fault.fault and fault.cure for fault in found)
    return [fault.variable for fault in found]


def rule(**elements: Any) -> dict[str, Any]:
    """Return one more rule with some elements changed."""
    return {"firewall_rules": [SSH, OUT, {**SSH, "comment": "extra", **elements}]}


def confined(*owners: Any) -> dict[str, Any]:
    """Return other confined users, without the rule for the one of before."""
    return {"firewall_rules": [SSH], "firewall_confined": [{"owner": owner, "comment": "x"} for owner in owners]}


@pytest.mark.parametrize(
    "variables",
    [
        {},
        rule(ports=[80, "443", "8000-8010", 1, 65535]),
        rule(ports=[]),
        rule(peers=["10.0.0.0/8", "fd00::/8", "192.0.2.7", "2001:db8::1", "::/0", "0.0.0.0/0"]),
        rule(interfaces=["tinc0", "wg-admin", "enp3s0.100", "tinc*", "a23456789012345"]),
        rule(comment="Für die Datenbank: {10%} # $x; drop"),
        rule(comment="x" * 127),
        rule(direction="forward", owner=None),
        rule(protocol="icmp", ports=[], peers=["10.0.0.0/8"]),
        rule(protocol="esp", ports=[]),
        {"firewall_rules": [SSH, {**OUT, "owner": "991"}]},
        confined("mastodon", 1000, "_apt"),
        {"firewall_rules": [SSH], "firewall_confined": [], "firewall_foreign_interfaces": []},
    ],
    ids=repr,
)
def test_good_values(variables: dict[str, Any]) -> None:
    assert faults(**{**GOOD, **variables}) == []


@pytest.mark.parametrize(
    "variables",
    [
        {"firewall_rules": [], "firewall_confined": []},
        {"firewall_rules": None, "firewall_confined": []},
        {"firewall_rules": [{**SSH, "protocol": "udp"}], "firewall_confined": []},
        {"firewall_rules": [OUT]},
        rule(direction="input"),
        rule(direction=None),
        rule(protocol="tcp accept; tcp"),
        rule(protocol="icmp", ports=[1]),
        rule(protocol="icmp", ports=[], peers=["fd00::/8"]),
        rule(protocol="icmpv6", ports=[], peers=["10.0.0.0/8"]),
        rule(comment=""),
        rule(comment=None),
        rule(comment=" "),
        rule(comment='ssh" accept comment "'),
        rule(comment="two\nlines"),
        rule(comment="back\\slash"),
        rule(comment="nul\0"),
        rule(comment="right\u202eto left"),
        rule(comment="x" * 128),
        rule(comment="ü" * 64),
        rule(ports=[0]),
        rule(ports=[65536]),
        rule(ports=["10-5"]),
        rule(ports=["1-2-3"]),
        rule(ports=["http"]),
        rule(ports=["22 }"]),
        rule(ports=["22\n"]),
        rule(ports=[True]),
        rule(ports=[None]),
        rule(ports=["٢٢"]),
        rule(peers=["10.0.0.1/8"]),
        rule(peers=["example.org"]),
        rule(peers=["fe80::1%eth0"]),
        rule(peers=["10.0.0.0/8, 0.0.0.0/0"]),
        rule(peers=[""]),
        rule(peers=[None]),
        rule(peers=[167772160]),
        rule(interfaces=["a234567890123456"]),
        rule(interfaces=["*"]),
        rule(interfaces=['eth0" accept']),
        rule(interfaces=["eth0\n"]),
        rule(interfaces=["$eth"]),
        rule(owner=991),
        rule(direction="out"),
        rule(direction="out", owner=1000),
        rule(direction="forward", owner=991),
        confined("root"),
        confined(0),
        confined(-1),
        confined("00991"),
        confined(2**32 - 1),
        confined('x" accept'),
        confined("x\n"),
        confined(True),
        confined(None),
        {"firewall_confined": [{"owner": 991, "comment": 'a "quote"'}]},
        {"firewall_foreign_interfaces": ["docker0 accept"]},
        {"firewall_foreign_interfaces": [7]},
        {"firewall_rollback_seconds": 4},
        {"firewall_rollback_seconds": 601},
        {"firewall_rollback_seconds": "60"},
        {"ansible_facts": {"distribution": "Ubuntu", "distribution_major_version": "22"}},
    ],
    ids=repr,
)
def test_one_fault(variables: dict[str, Any]) -> None:
    at_fault = set(faults(**{**GOOD, **variables}))
    assert len(at_fault) == 1
    assert at_fault <= {*variables, "firewall_rules"}


@pytest.mark.parametrize("facts", [{}, None, {"distribution": "Debian"}])
def test_facts_may_be_absent(facts: Any) -> None:
    assert faults(**{**GOOD, "ansible_facts": facts}) == []


@pytest.mark.parametrize("junk", [None, "text", 7, [], {}, [None], [{}], [{"ports": 7, "peers": "x"}], {"a": {}}, True])
@pytest.mark.parametrize("name", sorted(GOOD))
def test_junk_raises_nothing(name: str, junk: Any) -> None:
    faults(**{**GOOD, name: junk})
    faults(**{name: junk})


def test_nothing_set_is_no_fault() -> None:
    assert faults() == []
