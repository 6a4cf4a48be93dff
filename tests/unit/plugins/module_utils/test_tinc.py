# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tinc is told: read back word by word."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _tinc

KEYS = {"a": "KEY-A\n", "b": "KEY-B\n", "lap": "KEY-LAP\n"}
NET: dict[str, Any] = {
    "name": "admin",
    "port": 656,
    "address": "10.9.0.1",
    "network": "10.9.0.0/24",
    "address6": "fd9::1",
    "network6": "fd9::/64",
    "nodes": [
        {"name": "a", "endpoints": ["a.example.org"], "subnets": ["10.9.0.1/32", "fd9::1/128"]},
        {"name": "b", "endpoints": ["192.0.2.2 700", "2001:db8::2"], "subnets": ["10.9.0.2/32"]},
        {"name": "c", "endpoints": ["c.example.org"], "subnets": ["10.9.0.3/32"]},
        {"name": "lap", "subnets": ["10.9.0.50/32", "fd9::50/128", "10.9.0.64/26"], "guest": True},
    ],
}
SETTINGS = _tinc.Settings("a", ping_interval=7)


def words(text: str) -> dict[str, list[str]]:
    """The variables of a file in tinc's grammar."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, equals, value = line.partition(" = ")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


@pytest.fixture
def net() -> _tinc.Net:
    return _tinc.net_of(NET)


@pytest.fixture
def files(net: _tinc.Net) -> dict[str, str]:
    return _tinc.own_files(net, KEYS, SETTINGS, "tinc")


def test_a_net_has_defaults() -> None:
    net = _tinc.net_of({"name": "data", "address": "10.8.0.1", "network": "10.8.0.0/24", "nodes": []})
    assert (net.interface, net.port, net.networks, net.prefixed()) == (
        "vpn-data",
        655,
        ["10.8.0.0/24"],
        ["10.8.0.1/24"],
    )


def test_options(files: dict[str, str]) -> None:
    options = words(files["tinc.conf"])
    assert all(len(values) == 1 for values in options.values())
    assert options["Name"] == ["a"]
    assert options["Interface"] == ["vpn-admin"]
    assert options["Port"] == ["656"]
    assert options["StrictSubnets"] == ["yes"]
    assert options["Cipher"] == ["aes-256-cbc"]
    assert options["Digest"] == ["sha256"]
    assert options["MACLength"] == ["16"]
    assert options["PingInterval"] == ["7"]
    assert "ConnectTo" not in options, "a reload must be enough for a change of peers"


def test_connects_to_who_is_reachable_and_known(files: dict[str, str]) -> None:
    assert words(files["conf.d/peers.conf"]) == {"ConnectTo": ["b"]}


def test_hosts(net: _tinc.Net, files: dict[str, str]) -> None:
    assert sorted(name for name in files if name.startswith("hosts/")) == ["hosts/a", "hosts/b", "hosts/lap"]
    assert words(files["hosts/b"]) == {"Address": ["192.0.2.2 700", "2001:db8::2 656"], "Subnet": ["10.9.0.2/32"]}
    assert files["hosts/b"].endswith("\n\nKEY-B\n")
    assert _tinc.missing(net, KEYS, "a") == ["c"]


def test_a_host_without_a_key_yet_is_in_its_own_files(net: _tinc.Net) -> None:
    assert set(_tinc.host_files(net, {}, "a")) == {"a"}
    assert _tinc.missing(net, {}, "a") == ["b", "c", "lap"]


def test_interface(files: dict[str, str]) -> None:
    lines = files["interface-up"].splitlines()
    assert lines[0] == "#!/bin/sh"
    assert "set -eu" in lines
    assert "ip address add 10.9.0.1/24 dev vpn-admin" in lines
    assert "ip address add fd9::1/64 dev vpn-admin nodad" in lines
    assert lines[-1] == "ip link set dev vpn-admin mtu 1400 up"
    assert files["interface-down"].splitlines()[-1] == "exec ip tuntap del dev vpn-admin mode tun"


def test_a_net_without_ipv6_has_none_on_its_interface() -> None:
    net = _tinc.net_of({**NET, "address6": None, "network6": None})
    text = _tinc.interface_up(net, "tinc", 1400)
    assert "echo 1 >/proc/sys/net/ipv6/conf/vpn-admin/disable_ipv6" in text
    assert "nodad" not in text


def test_the_folder_of_a_guest(net: _tinc.Net) -> None:
    guest = net.nodes[3]
    files = _tinc.guest_files(net, guest, KEYS, _tinc.Settings("lap"))
    options = words(files["tinc.conf"])
    assert options["Name"] == ["lap"]
    assert options["ConnectTo"] == ["a", "b"]
    assert options["StrictSubnets"] == ["yes"]
    up = files["tinc-up"].splitlines()
    assert 'ip address add 10.9.0.50/24 dev "$INTERFACE"' in up
    assert 'ip address add fd9::50/64 dev "$INTERFACE" nodad' in up
    assert len([line for line in up if "address add" in line]) == 2
    assert set(files) == {"tinc.conf", "tinc-up", "tinc-down", "README", "hosts/a", "hosts/b", "hosts/lap"}
    assert "tincd -n admin -K" in files["README"]
    assert "PRIVATE" not in "".join(files.values())


def test_a_guest_that_has_sent_nothing_yet_has_an_own_file(net: _tinc.Net) -> None:
    files = _tinc.guest_files(net, net.nodes[3], {"a": "KEY-A\n"}, _tinc.Settings("lap"))
    assert words(files["hosts/lap"])["Subnet"] == ["10.9.0.50/32", "fd9::50/128", "10.9.0.64/26"]
    assert "hosts/b" not in files
