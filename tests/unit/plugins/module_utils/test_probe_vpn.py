# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private networks that carry, that do not, and that would let packets out in the clear; and echoes without root."""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _ping, _probe_vpn
from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_vpn import Net
from hypothesis import given
from hypothesis import strategies as st

# As role tinc_vpn takes it.
ENTRY: dict[str, Any] = {
    "name": "data",
    "interface": "vpn-data",
    "port": 655,
    "address": "10.235.0.1",
    "network": "10.235.0.0/16",
    "nodes": [
        {"name": "tempo", "endpoints": ["192.0.2.1"], "subnets": ["10.235.0.1/32"]},
        {"name": "parasect", "endpoints": ["192.0.2.2"], "subnets": ["10.235.0.2/32", "10.240.0.0/24"]},
        {"name": "laptop", "endpoints": [], "subnets": ["10.235.9.9/32"], "guest": True},
    ],
}
NET = _probe_vpn.net(ENTRY, "tempo")
REFUSED = ["10.235.0.0/16", "fd00::/8"]


def judge(net: Net = NET, up: bool = True, took: float | None = 0.004, refused: list[str] = REFUSED) -> list[Finding]:
    return list(_probe_vpn.judge(net, up, {"10.235.0.2": took}, refused))


def test_the_inventory_s_net() -> None:
    assert Net("data", "vpn-data", ("10.235.0.0/16",), {"parasect": "10.235.0.2"}) == NET
    assert _probe_vpn.net({"name": "a", "network": "10.0.0.0/8", "network6": "fd00::/8", "nodes": []}, "x") == Net(
        "a", "vpn-a", ("10.0.0.0/8", "fd00::/8"), {}
    )


def test_all_is_well() -> None:
    (found,) = judge()
    assert (found.status, found.name) == ("ok", "VPN data")
    assert found.detail == "vpn-data is up, fails closed; within 4 ms answers parasect"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"up": False}, "interface vpn-data is not up"),
        ({"took": None}, "no answer from parasect (10.235.0.2)"),
        ({"refused": []}, "when the VPN is down, packets for 10.235.0.0/16 would leave in the clear"),
    ],
)
def test_each_fault(change: dict[str, Any], said: str) -> None:
    (found,) = judge(**change)
    assert (found.status, found.detail, found.name) == ("fail", said, "VPN data")
    assert found.cure


def test_all_faults_at_once() -> None:
    assert [each.status for each in judge(up=False, took=None, refused=[])] == ["fail"] * 3


def test_a_first_host_has_no_peers() -> None:
    (found,) = judge(Net("data", "vpn-data", ("10.235.0.0/16",)))
    assert (found.status, found.detail) == ("ok", "vpn-data is up, fails closed; no peers yet")


@pytest.mark.parametrize(
    ("network", "refused", "closed"),
    [
        ("10.235.0.0/16", ["10.235.0.0/16"], True),
        ("10.235.0.0/16", ["10.0.0.0/8"], True),
        ("10.235.0.0/16", ["10.235.0.0/24"], False),
        ("10.235.0.0/16", ["fd00::/8"], False),
        ("fd12::/64", ["fd00::/8"], True),
        ("10.235.0.0/16", ["10.235.0.7"], False),
    ],
)
def test_what_fails_closed(network: str, refused: list[str], closed: bool) -> None:
    assert _probe_vpn.fails_closed(network, refused) == closed


def test_only_refusals_count() -> None:
    routes = [
        {"type": "unreachable", "dst": "10.235.0.0/16", "metric": 4278198272},
        {"dst": "10.236.0.0/16", "dev": "eth0"},
        {"type": "unreachable", "dst": "default"},
    ]
    assert _probe_vpn.refusals(routes) == ["10.235.0.0/16"]


def test_interfaces(tmp_path: Path) -> None:
    for name, flags in (("vpn-up", "0x1091\n"), ("vpn-down", "0x1090\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "flags").write_text(flags, encoding="ascii")
    assert _probe_vpn.is_up("vpn-up", tmp_path)
    assert not _probe_vpn.is_up("vpn-down", tmp_path)
    assert not _probe_vpn.is_up("vpn-gone", tmp_path)


def test_the_probe_asks_peers_and_routes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[set[str]] = []
    told = {"-4": json.dumps([{"type": "unreachable", "dst": "10.235.0.0/16"}]), "-6": ""}
    monkeypatch.setattr(_probe_vpn, "ping", lambda who, _patience: asked.append(set(who)) or {"10.235.0.2": 0.001})
    monkeypatch.setattr(_probe_vpn, "is_up", lambda _interface: True)
    monkeypatch.setattr(Context, "run", lambda _self, argv: told[argv[2]])
    (found,) = _probe_vpn.vpn(Context(), nets=[ENTRY], node="tempo")
    assert found.status == "ok"
    assert asked == [{"10.235.0.2"}]


@given(st.binary(max_size=64))
def test_a_request_s_checksum_is_what_receivers_compute(token: bytes) -> None:
    assert _ping.checksum(_ping.request(8, token)) == 0


def test_answers_are_told_from_strangers_packets() -> None:
    token = os.urandom(16)
    header = b"\x46" + bytes(23)  # with an option: six words, not five
    reply = header + struct.pack(">BBHHH", 0, 0, 0, 0, 1) + token
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ears,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer,
    ):
        ears.bind(("127.0.0.1", 0))
        for packet in (header + b"\x08" + reply[25:], reply[:-1] + b"?", reply):
            peer.sendto(packet, ears.getsockname())
        sockets = {socket.AF_INET: ears}
        assert list(_ping._answers(sockets, ["127.0.0.1"], token, 2)) == ["127.0.0.1"]
        peer.sendto(header + b"\x08" + reply[25:], ears.getsockname())
        assert _ping._answers(sockets, ["127.0.0.1"], token, 0.1) == {}


def test_nobody_to_ask_needs_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[_ping.__name__].socket, "socket", None)
    assert _ping.ping([], 0.01) == {}
