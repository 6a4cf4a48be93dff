# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules as data become a table that says the same, whatever is in them. The scenario loads such tables for real."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.fediops.mastodon.plugins.filter.firewall_table import firewall_table
from ansible_collections.fediops.mastodon.plugins.module_utils import _firewall, _nft, _rules_firewall
from hypothesis import given
from hypothesis import strategies as st

SSH = {"comment": "ssh", "direction": "in", "protocol": "tcp", "ports": [22]}
APP = [{"owner": 991, "comment": "the app"}]

networks = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str) | st.builds(
    lambda address, prefix: str(ipaddress.ip_network(f"{address}/{prefix}", strict=False)),
    st.ip_addresses(),
    st.integers(0, 32),
)
ports = st.integers(1, 65535) | st.builds("{}-{}".format, st.integers(1, 99), st.integers(99, 65535))
rules = st.fixed_dictionaries(
    {
        "comment": st.text(st.characters(codec="utf-8", exclude_characters='"\\'), min_size=1, max_size=30).filter(
            _rules_firewall.is_comment
        ),
        "direction": st.sampled_from(["in", "forward"]),
        "protocol": st.sampled_from(["tcp", "udp"]),
    },
    optional={
        "ports": st.lists(ports, max_size=3),
        "peers": st.lists(networks, max_size=4),
        "interfaces": st.lists(st.sampled_from(["eth0", "tinc*", "wg.7"]), max_size=2),
    },
)


def chains(text: str) -> dict[str, list[str]]:
    """Take the table apart: name of each chain, and its lines."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        head = re.fullmatch(r"chain (\w+) \{", line)
        if head:
            name = head[1]
            found[name] = []
        elif line == "}":
            name = ""
        elif line:
            assert name, f"{line!r} stands in no chain"
            found[name].append(line.strip())
    return found


def table(given_rules: list[dict[str, Any]], **options: Any) -> dict[str, list[str]]:
    """Return the chains of the table that the filter makes."""
    return chains(firewall_table(given_rules, **options))


def test_default_deny() -> None:
    found = table([SSH])
    assert found["input"][0] == "type filter hook input priority filter; policy drop;"
    assert found["forward"][0] == "type filter hook forward priority filter; policy drop;"
    assert 'tcp dport { 22 } accept comment "ssh"' in found["input"]
    assert "output" not in found, "without confined users, output is not looked at at all"


@pytest.mark.parametrize("chain", ["input", "forward"])
def test_what_always_passes_comes_before_invalid_is_dropped(chain: str) -> None:
    lines = table([SSH])[chain]
    assert lines.index("jump always") < lines.index(_firewall.STATES)
    always = "\n".join(table([SSH])["always"])
    for kind in ("packet-too-big", "nd-neighbor-solicit", "nd-router-advert", "mld-listener-query", "time-exceeded"):
        assert kind in always


def test_peers_of_two_families_are_two_lines() -> None:
    rule = {**SSH, "peers": ["10.7.0.0/24", "fd00::/8", "10.9.0.1"], "interfaces": ["tinc0"]}
    assert _firewall.statements(rule) == [
        'iifname { "tinc0" } ip saddr { 10.7.0.0/24, 10.9.0.1/32 } tcp dport { 22 } accept comment "ssh"',
        'iifname { "tinc0" } ip6 saddr { fd00::/8 } tcp dport { 22 } accept comment "ssh"',
    ]


def test_outgoing_rules_are_about_destinations_and_come_before_the_confinement() -> None:
    out = {
        "comment": "db",
        "direction": "out",
        "protocol": "tcp",
        "owner": "app",
        "peers": ["10.7.0.1"],
        "interfaces": ["t0"],
    }
    lines = table([SSH, out], confined=[{"owner": "app", "comment": "x"}])["output"]
    line = 'meta skuid "app" oifname { "t0" } ip daddr { 10.7.0.1/32 } meta l4proto tcp accept comment "db"'
    assert lines.index(line) < lines.index('meta skuid { "app" } goto confined')
    assert lines.index("ct state established,related accept") < lines.index(line)


def test_on_itself_a_confined_user_reaches_what_everybody_may() -> None:
    database = {**SSH, "comment": "database", "ports": [5432], "peers": ["10.7.0.2"]}
    inside = {**SSH, "comment": "inside", "ports": [9000], "interfaces": ["tinc0"]}
    forward = {**SSH, "comment": "through", "direction": "forward"}
    found = table([SSH, database, inside, forward], confined=APP)["itself"]
    assert found == ['tcp dport { 22 } accept comment "ssh"', "goto denied"]


def private(address: str) -> bool:
    """Tell whether the table refuses the address to a confined user."""
    parsed = ipaddress.ip_address(address)
    if parsed.version == 6:
        inside = parsed in ipaddress.ip_network(_firewall.INTERNET6)
        return not inside or any(parsed in ipaddress.ip_network(net) for net in _firewall.PRIVATE6)
    return any(parsed in ipaddress.ip_network(net) for net in _firewall.PRIVATE4)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.0.0.53", "169.254.169.254",
        "172.31.255.255", "192.168.1.1", "192.0.0.192", "198.18.0.1", "224.0.0.1", "239.255.255.250",
        "255.255.255.255", "203.0.113.9", "::", "::1", "fe80::1", "fec0::1", "fd00:ec2::254", "ff02::1",
        "::ffff:127.0.0.1", "::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2001::1",
        "2001:db8::1", "3fff::1", "100::1",
    ],
)  # fmt: skip
def test_private_addresses(address: str) -> None:
    assert private(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "9.9.9.9", "172.32.0.1", "100.128.0.1", "2606:4700::1", "2a00:1450::1"])
def test_public_addresses(address: str) -> None:
    assert not private(address)


@given(st.ip_addresses(v=4))
def test_what_python_calls_private_is_private(address: ipaddress.IPv4Address) -> None:
    if address.is_private or address.is_multicast or address.is_reserved or address.is_loopback:
        assert private(str(address))


def test_options() -> None:
    quiet = firewall_table([SSH], allow_ping=False, log_drops=False)
    assert "echo-request" not in quiet
    assert "log" not in quiet
    assert 'log prefix "firewall drops in: "' in firewall_table([SSH])
    lines = table([SSH], foreign_interfaces=["docker0", "br-*"])["forward"]
    assert lines[1:3] == ['iifname { "docker0", "br-*" } accept', 'oifname { "docker0", "br-*" } accept']
    assert not [line for line in table([SSH])["forward"] if "iifname" in line]


def test_what_is_no_rule_is_an_error_of_the_filter() -> None:
    for junk in ([{}], [None], [{**SSH, "peers": ["nowhere"]}]):
        with pytest.raises(AnsibleFilterError, match="firewall_table"):
            firewall_table(junk)  # type: ignore[arg-type]  # what an admin may write


@given(st.lists(rules, max_size=5))
def test_every_accepted_rule_keeps_its_place(given_rules: list[dict[str, Any]]) -> None:
    text = firewall_table([SSH, *given_rules], confined=APP, foreign_interfaces=["docker0"])
    assert _nft.problem("fediops", text) == ""
    found = chains(text)
    assert set(found) == {"always", "input", "forward", "output", "confined", "itself", "denied"}
    for direction, chain in (("in", "input"), ("forward", "forward")):
        expected = [
            line
            for rule in [SSH, *given_rules]
            if rule["direction"] == direction
            for line in _firewall.statements(rule)
        ]
        assert [line for line in found[chain] if " comment " in line and "DHCP" not in line] == expected


@given(st.lists(rules, max_size=4), st.ip_addresses(), st.integers(1, 65535))
def test_whether_somebody_gets_in(given_rules: list[dict[str, Any]], address: Any, port: int) -> None:
    def admits(rule: dict[str, Any]) -> bool:
        spans = [str(item).split("-") for item in rule.get("ports", [])]
        good_port = not spans or any(int(span[0]) <= port <= int(span[-1]) for span in spans)
        good_peer = not rule.get("peers") or any(address in ipaddress.ip_network(peer) for peer in rule["peers"])
        return rule["direction"] == "in" and rule["protocol"] == "tcp" and good_port and good_peer

    mapped = address.ipv4_mapped if address.version == 6 else None
    if not address.is_loopback and mapped is None:
        assert _firewall.lets_in(given_rules, str(address), port) == any(map(admits, given_rules))


@pytest.mark.parametrize(
    ("address", "port", "expected"),
    [
        ("10.7.0.9", 22, True),
        ("10.7.0.9", 23, False),
        ("10.8.0.9", 22, False),
        ("::ffff:10.7.0.9", 22, True),
        ("fe80::1%eth0", 22, True),
        ("fd00::1", 22, False),
        ("127.0.0.1", 2222, True),
        ("::1", 2222, True),
    ],
)
def test_the_controller_s_address_as_sshd_tells_it(address: str, port: int, expected: bool) -> None:
    assert _firewall.lets_in([{**SSH, "peers": ["10.7.0.0/24", "fe80::/10"]}], address, port) is expected
