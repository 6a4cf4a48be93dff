# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may talk to whom."""

from __future__ import annotations

import dataclasses
from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils import _flows
from ansible_collections.fediops.mastodon.plugins.module_utils._flows import Instance, Place

PORTS = {"postgres": 5432, "redis": 6379, "minio": 9000, "nginx_media": 8080, "web": 3000, "streaming": 4000}
DATA = ("postgres", "redis", "minio", "nginx_media", "caddy", "tinc_vpn", "firewall")
TWO = Instance(
    places=[
        Place("tempo", "10.235.0.1", frozenset(DATA), "vpn-data"),
        Place("parasect", "10.235.0.2", frozenset({"mastodon", "caddy", "tinc_vpn", "firewall"}), "vpn-data"),
    ],
    ports=PORTS,
    edges={"web": ["parasect"], "media": ["tempo"], "s3": ["tempo"]},
    vpn_ports=[655, 656],
    admin_interface="vpn-admin",
)
# The wiring always says which ports a VPN would have.
ONE = Instance(
    places=[Place("fedi", "127.0.0.1", frozenset({*DATA, "mastodon"}) - {"tinc_vpn"})],
    ports=PORTS,
    edges={"web": ["fedi"], "media": ["fedi"], "s3": ["fedi"]},
    vpn_ports=[655],
)
SCALED = Instance(
    places=[
        Place("data", "10.0.0.1", frozenset({"postgres", "redis", "minio", "nginx_media"})),
        Place("edge", "10.0.0.2", frozenset({"caddy"})),
        Place("app", "10.0.0.3", frozenset({"mastodon"}), services=frozenset({"web", "streaming"})),
        Place("jobs", "10.0.0.4", frozenset({"mastodon"}), services=frozenset({"sidekiq"})),
    ],
    ports=PORTS,
    edges={"web": ["edge"], "media": ["edge"], "s3": ["edge"]},
    vpn_ports=[655],
)


def lets_in(instance: Instance, name: str) -> dict[tuple[str, int], set[str]]:
    """Protocol and port, and the addresses that reach it; an empty set is everybody."""
    return {
        (rule["protocol"], port): set(rule.get("peers", ()))
        for rule in _flows.inbound(instance, name)
        for port in rule["ports"]
    }


def lets_out(instance: Instance, name: str) -> set[tuple[str, int]]:
    """Addresses and ports that the app may reach."""
    return {(rule["peers"][0], rule["ports"][0]) for rule in _flows.outbound(instance, name)}


PUBLIC: dict[tuple[str, int], set[str]] = {
    ("tcp", 22): set(), ("tcp", 80): set(), ("tcp", 443): set(), ("udp", 443): set(),
}  # fmt: skip
VPN: dict[tuple[str, int], set[str]] = {(protocol, port): set() for protocol in ("tcp", "udp") for port in (655, 656)}


def test_a_single_host_opens_nothing_but_ssh_and_web() -> None:
    assert lets_in(ONE, "fedi") == PUBLIC


def test_the_app_of_a_single_host_reaches_its_own_services_over_loopback() -> None:
    assert lets_out(ONE, "fedi") == {("127.0.0.1", port) for port in (5432, 6379, 443, 3000, 4000)}


def test_data_is_open_to_the_app_s_host_alone_and_only_on_the_vpn() -> None:
    inside = {("tcp", 5432): {"10.235.0.2"}, ("tcp", 6379): {"10.235.0.2"}}
    assert lets_in(TWO, "tempo") == {**PUBLIC, **VPN, **inside}
    private = [rule for rule in _flows.inbound(TWO, "tempo") if rule.get("peers")]
    assert [rule["interfaces"] for rule in private] == [["vpn-data"]] * 2


def test_the_store_is_open_to_nobody_when_its_edge_is_on_the_same_host() -> None:
    assert ("tcp", 9000) not in lets_in(TWO, "tempo")
    assert ("tcp", 8080) not in lets_in(TWO, "tempo")


def test_the_app_s_host_opens_no_port_of_the_app_to_the_data_host() -> None:
    assert lets_in(TWO, "parasect") == {**PUBLIC, **VPN}
    assert lets_out(TWO, "parasect") == {
        ("10.235.0.1", 5432), ("10.235.0.1", 6379), ("10.235.0.1", 443), ("10.235.0.2", 3000), ("10.235.0.2", 4000),
    }  # fmt: skip


def test_an_edge_of_its_own_reaches_the_app_the_media_proxy_and_the_store() -> None:
    ssh: dict[tuple[str, int], set[str]] = {("tcp", 22): set()}
    assert lets_in(SCALED, "app") == {**ssh, ("tcp", 3000): {"10.0.0.2"}, ("tcp", 4000): {"10.0.0.2"}}
    assert lets_in(SCALED, "edge") == PUBLIC
    apps = {"10.0.0.3", "10.0.0.4"}
    assert lets_in(SCALED, "data") == {
        **ssh, ("tcp", 5432): apps, ("tcp", 6379): apps, ("tcp", 9000): {"10.0.0.2"}, ("tcp", 8080): {"10.0.0.2"},
    }  # fmt: skip


def test_a_host_for_jobs_only_opens_ssh_alone() -> None:
    assert lets_in(SCALED, "jobs") == {("tcp", 22): set()}
    assert lets_out(SCALED, "jobs") == {("10.0.0.1", 5432), ("10.0.0.1", 6379), ("10.0.0.2", 443)}


def test_only_hosts_with_the_app_get_rules_for_going_out() -> None:
    assert lets_out(TWO, "tempo") == set()
    assert {rule["owner"] for rule in _flows.outbound(TWO, "parasect")} == {991}


def test_ssh_can_be_left_to_some_networks_and_the_admin_net() -> None:
    strict = dataclasses.replace(TWO, ssh_peers=["198.51.100.0/24"])
    ssh = [rule for rule in _flows.inbound(strict, "tempo") if rule["ports"] == [22]]
    assert [(rule.get("peers"), rule.get("interfaces")) for rule in ssh] == [
        (["198.51.100.0/24"], None),
        (None, ["vpn-admin"]),
    ]


def test_foreign_services_need_a_rule_only_when_they_are_given_by_address() -> None:
    endpoints = [
        {"name": "database", "host": "10.9.0.5", "port": 5432},
        {"name": "mail", "host": "smtp.example.org", "port": 587},
    ]
    foreign = dataclasses.replace(SCALED, foreign=_flows.by_address(endpoints))
    assert lets_out(foreign, "jobs") - lets_out(SCALED, "jobs") == {("10.9.0.5", 5432)}


def test_open_is_what_names_neither_a_peer_nor_an_interface() -> None:
    assert _flows.open_ports(_flows.rules(TWO, "tempo")) == {"tcp": [22, 80, 443, 655, 656], "udp": [443, 655, 656]}
    extra: list[dict[str, Any]] = [
        {"direction": "in", "protocol": "udp", "ports": ["60000-60002"]},
        {"direction": "out", "protocol": "tcp", "ports": [25]},
        {"direction": "in", "protocol": "tcp", "ports": [9100], "interfaces": ["vpn-admin"]},
    ]
    assert _flows.open_ports(extra) == {"tcp": [], "udp": [60000, 60001, 60002]}


def test_what_the_wiring_says_of_a_host_becomes_a_place() -> None:
    entry = {"name": "jobs", "address": "10.0.0.4", "groups": ["mastodon"], "services": ["sidekiq"], "ssh_port": "2222"}
    place = Place("jobs", "10.0.0.4", frozenset({"mastodon"}), services=frozenset({"sidekiq"}), ssh_port=2222)
    assert _flows.places([entry]) == [place]


def test_a_media_host_elsewhere_asks_the_database_and_nothing_else_of_the_data_host() -> None:
    apart = dataclasses.replace(SCALED, places=[*SCALED.places, Place("media", "10.0.0.5", frozenset({"nginx_media"}))])
    inside = lets_in(apart, "data")
    assert inside["tcp", 5432] == {"10.0.0.3", "10.0.0.4", "10.0.0.5"}
    assert "10.0.0.5" not in inside["tcp", 6379]
    # The media host that is there already.
    assert inside["tcp", 8080] == {"10.0.0.2", "10.0.0.5"}
    assert "10.0.0.5" in inside["tcp", 9000]
    assert lets_out(apart, "media") == set()
