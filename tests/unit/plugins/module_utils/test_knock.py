# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Doors that are open, closed, mute, or out of reach: TCP and UDP, IPv4 and IPv6, against real sockets."""

from __future__ import annotations

import errno
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import probe_servers as servers
import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _knock, _knock_udp
from ansible_collections.fediops.mastodon.plugins.module_utils._knock import Door

HOSTS = pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
# Out of the range of documentation: no test machine has a route to it that leads anywhere.
NOWHERE = Door("2001:db8::1", socket.AF_INET6, 80)


def door(host: str, port: int) -> Door:
    return Door(host, socket.AF_INET6 if ":" in host else socket.AF_INET, port)


@pytest.fixture
def full() -> Iterator[Door]:
    # A listener whose queue is full drops the knock, as a firewall does.
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind((servers.HOST, 0))
        listener.listen(0)
        first.connect(listener.getsockname())
        second.setblocking(False)
        second.connect_ex(listener.getsockname())
        yield door(servers.HOST, listener.getsockname()[1])


@HOSTS
def test_open_and_closed(host: str) -> None:
    with servers.tcp(lambda connection: None, host=host) as opened, servers.closed(host) as closed:
        replies, slowest = _knock.knock([door(host, opened), door(host, closed)], 2)
    assert replies == {door(host, opened): 0, door(host, closed): errno.ECONNREFUSED}
    assert slowest < 2


def test_silence_is_waited_for_once(full: Door) -> None:
    started = time.monotonic()
    with servers.tcp(lambda connection: None) as opened:
        replies, _slowest = _knock.knock([full, door(servers.HOST, opened)], 0.3)
    assert replies == {full: None, door(servers.HOST, opened): 0}
    assert 0.3 <= time.monotonic() - started < 2


def test_an_address_without_a_way_is_no_closed_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect_ex", lambda *_words: errno.ENETUNREACH)
    replies, _slowest = _knock.knock([NOWHERE], 1)
    assert replies == {NOWHERE: errno.ENETUNREACH}
    assert errno.ENETUNREACH in _knock.NO_WAY


def test_a_system_without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_family(*_words: object) -> None:
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    monkeypatch.setattr(_knock.socket, "socket", no_family)
    assert _knock.knock([NOWHERE], 1)[0] == {NOWHERE: errno.EAFNOSUPPORT}
    assert _knock_udp.ask([NOWHERE], 0.1) == {NOWHERE: _knock_udp.NO_ROUTE}


def test_a_sweep_finds_the_one_door_among_thousands() -> None:
    with servers.tcp(lambda connection: None, host="::1") as opened:
        doors = [door("::1", port) for port in range(opened - 3000, opened + 1) if 0 < port < 65536]
        found = _knock.sweep(doors, 0.5, time.monotonic() + 30)
    assert door("::1", opened) in found.opened
    assert found.stopped == 0


def test_a_sweep_without_time_says_where_it_stopped() -> None:
    found = _knock.sweep([door(servers.HOST, 7)], 0.5, time.monotonic() - 1)
    assert (found.opened, found.stopped) == ([], 7)


def test_a_sweep_in_several_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_knock, "room", lambda: 4)
    with servers.tcp(lambda connection: None) as opened:
        found = _knock.sweep([door(servers.HOST, port) for port in [1, 2, 3, 4, opened]], 1, time.monotonic() + 9)
    assert found.opened == [door(servers.HOST, opened)]


def test_more_doors_than_sockets_are_knocked_at_one_batch_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_knock, "room", lambda: 3)
    with servers.closed() as port:
        doors = [Door(f"127.0.0.{number}", socket.AF_INET, port) for number in range(1, 9)]
        replies, _last = _knock.knock(doors, 1)
    assert [replies[door] for door in doors] == [errno.ECONNREFUSED] * 8


def test_there_is_room_for_many_and_never_for_more_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(_knock.resource, "setrlimit", lambda _what, limits: asked.append(limits))
    for limits, expected in (((1024, 4096), 3496), ((1024, 1 << 20), 8000), ((100, 100), 50)):
        monkeypatch.setattr(_knock.resource, "getrlimit", lambda _what, limits=limits: limits)
        assert _knock.room() == expected
    monkeypatch.setattr(_knock.resource, "getrlimit", lambda _what: (1024, resource.RLIM_INFINITY))
    assert _knock.room() == 8000
    assert asked == [(4096, 4096), (8600, 1 << 20), (8600, resource.RLIM_INFINITY)]


@HOSTS
def test_udp_that_answers_is_closed_or_keeps_silent(host: str) -> None:
    with (
        servers.udp(lambda asked: asked, host) as echo,
        servers.udp(lambda _asked: None, host) as mute,
        servers.closed(host) as closed,
    ):
        found = _knock_udp.ask([door(host, echo), door(host, mute), door(host, closed)], 0.6)
    assert found == {
        door(host, echo): _knock_udp.ANSWERED,
        door(host, mute): _knock_udp.SILENT,
        door(host, closed): _knock_udp.CLOSED,
    }


def test_udp_is_asked_twice() -> None:
    heard: list[bytes] = []
    with servers.udp(lambda asked: heard.append(asked) or (asked if len(heard) > 1 else None)) as shy:
        found = _knock_udp.ask([door(servers.HOST, shy)], 1)
    assert found == {door(servers.HOST, shy): _knock_udp.ANSWERED}
    assert len(heard) == 2


def test_many_are_asked_over_udp_with_few_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_knock_udp, "BESIDE", 20)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with servers.closed() as closed:
        doors = [Door(f"127.0.1.{number}", socket.AF_INET, closed) for number in range(1, 101)]
        resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/dev/fd").iterdir())) + 40, limits[1]))
        try:
            found = _knock_udp.ask(doors, 0.2)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert found == dict.fromkeys(doors, _knock_udp.CLOSED)


def test_questions_look_like_their_protocols() -> None:
    hello = _knock_udp.question(443)
    # Long header, a version that nobody speaks, and long enough that a server answers: RFC 9000, section 6.
    assert (len(hello), hello[0] & 0xC0, hello[1:5].hex()) == (1200, 0xC0, "1a2a3a4a")
    assert _knock_udp.question(53)[-5:] == b"\0\0\x02\0\x01"
    assert len(_knock_udp.question(123)) == 48
    assert len(_knock_udp.question(3478)) == 20
    snmp = _knock_udp.question(161)
    assert snmp[1] == len(snmp) - 2
    assert _knock_udp.question(7)
