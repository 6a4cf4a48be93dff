# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts show to strangers: too much, too little, exactly what they should, or nothing that could be seen."""

from __future__ import annotations

import errno
import socket
from typing import Any

import probe_servers as servers
import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _open_ports, _probe_ports
from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding
from ansible_collections.fediops.mastodon.plugins.module_utils._knock import Door, Sweep
from ansible_collections.fediops.mastodon.plugins.module_utils._open_ports import Look, Target
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, ProbeError

FOUR, SIX = "192.0.2.7", "2001:db8::7"
BOTH = {FOUR: socket.AF_INET, SIX: socket.AF_INET6}
HOST = Target("fedi", BOTH, tcp=(22, 443), udp=(443, 655))


def four(port: int) -> Door:
    return Door(FOUR, socket.AF_INET, port)


def six(port: int) -> Door:
    return Door(SIX, socket.AF_INET6, port)


def good() -> Look:
    likely: dict[Door, int | None] = {each(port): 0 for each in (four, six) for port in (22, 443)}
    likely.update({four(5432): None, six(5432): errno.ECONNREFUSED})
    udp = {each(443): "answered" for each in (four, six)} | {each(655): "silent" for each in (four, six)}
    return Look(likely, Sweep(), udp, tcp=65535)


def judge(look: Look, target: Target = HOST) -> list[Finding]:
    return list(_open_ports.judge(target, look, [target]))


def test_all_is_well() -> None:
    (found,) = judge(good())
    assert (found.status, found.name) == ("ok", "Ports of fedi")
    assert found.detail == (
        f"tcp 22, tcp 443, udp 443 at {FOUR} and {SIX}; 65533 others closed; "
        "udp 655 is silent to strangers, as it should be"
    )


@pytest.mark.parametrize(
    ("opened", "said"),
    [
        ([four(12345), six(12345)], f"open to everybody: tcp 12345 (unknown service) at {FOUR} and {SIX}"),
        ([six(6379)], f"open to everybody: tcp 6379 (Redis) at {SIX}"),
    ],
)
def test_a_port_too_many(opened: list[Door], said: str) -> None:
    look = good()
    look.rest = Sweep(opened)
    (found,) = judge(look)
    assert (found.status, found.detail) == ("fail", said)
    assert "ss -tulnp" in found.cure


def test_a_likely_port_too_many() -> None:
    look = good()
    look.likely[four(5432)] = 0
    (found,) = judge(look)
    assert (found.status, found.detail) == ("fail", f"open to everybody: tcp 5432 (PostgreSQL) at {FOUR}")


def test_udp_too_many() -> None:
    look = good()
    look.udp[six(161)] = "answered"
    (found,) = judge(look)
    assert (found.status, found.detail) == ("fail", f"open to everybody: udp 161 (SNMP) at {SIX}")


@pytest.mark.parametrize(
    ("reply", "said"),
    [(None, "no answer"), (errno.ECONNREFUSED, "connection refused"), (errno.EHOSTUNREACH, "no route")],
)
def test_a_port_that_must_be_open(reply: int | None, said: str) -> None:
    look = good()
    look.likely[six(443)] = reply
    (found,) = judge(look)
    assert found.status == "fail"
    assert found.detail.startswith(f"must be open and is not: tcp 443 (https) at {SIX}: {said}")


@pytest.mark.parametrize(
    ("port", "did", "status"),
    [
        (443, "silent", "fail"),  # HTTP/3 answers everybody
        (443, "closed", "fail"),
        (655, "closed", "fail"),
        (655, "silent", "ok"),  # a VPN does not
        (655, "answered", "ok"),
    ],
)
def test_udp_that_must_be_open(port: int, did: str, status: str) -> None:
    look = good()
    look.udp[four(port)] = did
    (found,) = judge(look)
    assert found.status == status
    if status == "fail":
        assert f"udp {port}" in found.detail
        assert found.detail.endswith(did)


def test_both_faults_have_a_row_each() -> None:
    look = good()
    look.rest = Sweep([four(12345)])
    look.likely[four(22)] = None
    assert [each.status for each in judge(look)] == ["fail", "fail"]


def test_an_address_that_nobody_could_look_at_is_not_called_closed() -> None:
    look = good()
    for door in [door for door in look.likely if door.address == SIX]:
        look.likely[door] = errno.ENETUNREACH
    look.udp = {door: did for door, did in look.udp.items() if door.address == FOUR}
    (found,) = judge(look)
    assert (found.status, found.detail) == (
        "warn",
        f"cannot tell what outsiders reach: this machine has no way to {SIX}",
    )
    assert "observer" in found.cure


def test_one_unreachable_port_is_no_unreachable_address() -> None:
    look = good()
    look.likely[six(5432)] = errno.ENETUNREACH
    assert [each.status for each in judge(look)] == ["ok"]


def test_hosts_behind_one_address_share_its_ports() -> None:
    other = Target("other", {FOUR: socket.AF_INET}, tcp=(5432,))
    look = good()
    look.likely[four(5432)] = 0
    assert [each.status for each in _open_ports.judge(HOST, look, [HOST, other])] == ["ok"]
    apart = Target("other", {"192.0.2.8": socket.AF_INET}, tcp=(5432,))
    assert [each.status for each in _open_ports.judge(HOST, look, [HOST, apart])] == ["fail"]


def test_a_port_for_some_may_be_open_or_not() -> None:
    some = Target("fedi", BOTH, tcp=(443,), udp=(443, 655), limited=(22,))
    look = good()
    assert [each.status for each in judge(look, some)] == ["ok"]
    look.likely[four(22)] = None
    assert [each.status for each in judge(look, some)] == ["ok"]


def test_a_host_without_a_public_address() -> None:
    (found,) = judge(Look(), Target("db", {}))
    assert (found.status, found.detail) == ("ok", "no address that outsiders reach")


def test_a_long_list_is_cut() -> None:
    look = good()
    look.rest = Sweep([four(port) for port in range(7000, 7100)])
    (found,) = judge(look)
    assert found.detail.endswith("and 92 more")


@pytest.mark.parametrize(
    ("ranges", "first", "count"), [("1-65535", 1, 65535), ("443", 443, 1), ("22, 80-82,81", 22, 4), (80, 80, 1)]
)
def test_ranges(ranges: Any, first: int, count: int) -> None:
    found = _probe_ports.numbers(ranges)
    assert (found[0], len(found)) == (first, count)


@pytest.mark.parametrize("ranges", ["", "0-5", "1-65536", "9-2", "http", "1,,2"])
def test_ranges_that_are_none(ranges: str) -> None:
    with pytest.raises(ProbeError, match="no range of ports"):
        _probe_ports.numbers(ranges)


def test_this_machine_cannot_look_from_outside() -> None:
    entry = {"host": "fedi", "addresses": ["127.0.0.1", "::1"], "open": {"tcp": [1]}}
    (found,) = _probe_ports.ports(Context(timeout=1), targets=[entry])
    assert (found.status, found.name) == ("warn", "Ports of fedi")
    assert "127.0.0.1 is this machine itself" in found.detail
    assert "observer" in found.cure


def test_nobody_to_look_at() -> None:
    assert [each.status for each in _probe_ports.ports(Context(), targets=[])] == ["warn"]


def test_names_are_resolved_and_one_that_is_unknown_says_nothing_of_the_others() -> None:
    targets = [
        {"host": "lost", "addresses": ["no-such-name.invalid"], "open": {}},
        {"host": "fedi", "addresses": [servers.NAME], "open": {}},
    ]
    found = list(_probe_ports.ports(Context(timeout=1, resolve={servers.NAME: servers.HOST}), targets=targets))
    assert [(each.status, each.name) for each in found] == [("fail", "Ports of lost"), ("warn", "Ports of fedi")]
    assert "cannot be resolved" in found[0].detail


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_real_doors(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    for module in (_probe_ports, _open_ports):
        monkeypatch.setattr(module, "is_own", lambda _address, _family: False)
    monkeypatch.setattr(_probe_ports, "PATIENCE", 0.6)
    with (
        servers.tcp(lambda connection: None, host=address) as wanted,
        servers.tcp(lambda connection: None, host=address) as strange,
        servers.closed(address) as closed,
        servers.udp(lambda asked: asked, address) as echo,
    ):
        entry: dict[str, Any] = {"host": "fedi", "addresses": [address], "open": {"tcp": [str(wanted)]}}
        ranges, udp = f"{wanted},{strange},{closed}", [echo]
        found = list(_probe_ports.ports(Context(timeout=1), targets=[entry], tcp=ranges, udp=udp))
        assert [each.status for each in found] == ["fail"]
        assert found[0].detail == (
            f"open to everybody: tcp {strange} (unknown service) at {address}, "
            f"udp {echo} (unknown service) at {address}"
        )
        entry["open"] = {"tcp": [wanted, strange], "udp": [echo]}
        (found_well,) = _probe_ports.ports(Context(timeout=1), targets=[entry], tcp=ranges, udp=udp)
        assert found_well.status == "ok"
        entry["open"] = {"tcp": [wanted, strange, closed], "udp": [echo]}
        (found_shut,) = _probe_ports.ports(Context(timeout=1), targets=[entry], tcp=ranges, udp=udp)
        assert found_shut.detail == (
            f"must be open and is not: tcp {closed} (unknown service) at {address}: connection refused"
        )


def test_no_time_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (_probe_ports, _open_ports):
        monkeypatch.setattr(module, "is_own", lambda _address, _family: False)
    entry = {"host": "fedi", "addresses": ["127.0.0.1"], "open": {}}
    found = list(_probe_ports.ports(Context(timeout=1), targets=[entry], tcp="20", udp=[], seconds=-1))
    assert [each.status for each in found] == ["ok", "warn"]
    assert found[1].detail == "there was no time for the ports from 20 on"
