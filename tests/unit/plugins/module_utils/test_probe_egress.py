# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the app reaches from its container, told honestly with and without a firewall around it."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _listeners, _probe_egress
from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, ProbeError
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_egress import Door

MUST = [("10.9.0.1", 5432), ("s3.example.org", 443)]
RULES = [
    {"direction": "out", "protocol": "tcp", "ports": [3000, "4000-4002"], "peers": ["10.9.0.2/32"], "owner": 991},
    {"direction": "in", "protocol": "tcp", "ports": [6379]},
]
# As the kernel of a little-endian machine writes them.
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   105        0 1 1
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1
   2: 0100007F:1538 0100007F:9C40 01 00000000:00000000 00:00000000 00000000   105        0 3 1
"""
TCP6 = """\
  sl  local_address                         remote_address                        st tx_queue rx_queue
   0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000
   1: B80D0120000000000000000007000000:2328 00000000000000000000000000000000:0000 0A 00000000:00000000
   2: 0000000000000000FFFF00000100007F:0FA0 00000000000000000000000000000000:0000 0A 00000000:00000000
"""
ROUTES = """\
Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
eth0 00000000 0101A8C0 0003 0 0 100 00000000 0 0 0
eth0 0001A8C0 00000000 0001 0 0 100 00FFFFFF 0 0 0
vpn 00000000 00000000 0001 0 0 200 00000000 0 0 0
"""


def test_the_kernel_s_tables_are_read() -> None:
    assert _listeners.listeners(TCP) == {("127.0.0.1", 5432), ("0.0.0.0", 22)}
    assert _listeners.listeners(TCP6) == {("::", 443), ("2001:db8::7", 9000), ("127.0.0.1", 4000)}
    assert _listeners.gateways(ROUTES) == {"192.168.1.1"}


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_this_machine_s_tables_are_read(host: str) -> None:
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as server:
        table = _listeners.read("/proc/net/tcp6" if ":" in host else "/proc/net/tcp")
        assert (host, server.getsockname()[1]) in _listeners.listeners(table)


def test_a_kernel_without_ipv6_has_no_such_table() -> None:
    assert _listeners.listeners(_listeners.read("/proc/net/no-such-table")) == set()


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("127.0.0.53", True),
        ("10.1.2.3", True),
        ("169.254.169.254", True),
        ("100.100.100.200", True),
        ("192.0.0.192", True),
        ("fd00:ec2::254", True),
        ("fe80::1%eth0", True),
        ("::1", True),
        ("8.8.8.8", False),
        ("2606:4700:4700::1111", False),
    ],
)
def test_what_is_private(address: str, private: bool) -> None:
    assert _probe_egress.is_private(address) == private


def test_what_the_app_is_tempted_with() -> None:
    here = {("127.0.0.1", 5432), ("0.0.0.0", 22), ("::", 443), ("8.8.8.8", 80), ("10.9.0.2", 3000)}
    found = _probe_egress.baits(here, {"192.168.1.1"}, ["10.9.0.1", "10.9.0.2"])
    assert {("127.0.0.1", 5432), ("127.0.0.1", 22), ("::1", 22), ("10.9.0.2", 22), ("127.0.0.1", 443)} <= set(found)
    assert {("169.254.169.254", 80), ("fd00:ec2::254", 80), ("192.168.1.1", 80), ("10.9.0.1", 6379)} <= set(found)
    assert ("8.8.8.8", 80) not in found


@pytest.mark.parametrize(
    ("rules", "address", "port", "allowed"),
    [
        (RULES, "10.9.0.2", 3000, True),
        (RULES, "10.9.0.2", 4001, True),
        (RULES, "10.9.0.2", 4003, False),
        (RULES, "10.9.0.3", 3000, False),
        (RULES, "10.9.0.2", 6379, False),  # what comes in says nothing of what goes out
        ([{"direction": "out", "peers": ["fd00::/8"]}], "fd12::1", 1, True),
        ([{"direction": "out", "peers": ["fd00::/8"]}], "10.9.0.2", 1, False),
        ([{"direction": "out", "ports": [443]}], "10.9.0.2", 443, True),
        ([], "10.9.0.2", 443, False),
    ],
)
def test_what_rules_let_out(rules: Any, address: str, port: int, allowed: bool) -> None:
    assert _probe_egress.lets_out(rules, address, port) == allowed


def doors(*more: Door) -> list[Door]:
    return [
        Door("10.9.0.1", "10.9.0.1", 5432, ""),
        Door("s3.example.org", "127.0.0.1", 443, ""),
        Door("10.9.0.2", "10.9.0.2", 3000, ""),
        # What is wired under one name is no leak under another.
        Door("127.0.0.1", "127.0.0.1", 443, ""),
        Door("127.0.0.1", "127.0.0.1", 22, "no answer"),
        Door("169.254.169.254", "169.254.169.254", 80, "No route to host"),
        *more,
    ]


def judge(tried: list[Door], guarded: bool = True) -> list[Finding]:
    return list(_probe_egress.judge(tried, MUST, RULES, guarded))


def test_a_guarded_app_reaches_what_it_is_wired_to() -> None:
    (found,) = judge(doors())
    assert (found.status, found.detail) == ("ok", "reaches its 2 endpoints, and none of 2 others that are private")


def test_a_guarded_app_that_reaches_more() -> None:
    (found,) = judge(doors(Door("127.0.0.1", "127.0.0.1", 6379, ""), Door("::1", "::1", 6379, "")))
    assert (found.status, found.detail) == ("fail", "the app reaches tcp 6379 (Redis) at 127.0.0.1 and ::1")


def test_name_servers_are_no_leak() -> None:
    assert [each.status for each in judge(doors(Door("127.0.0.53", "127.0.0.53", 53, "")))] == ["ok"]


def test_without_a_firewall_it_is_said_and_is_no_failure() -> None:
    (found,) = judge(doors(Door("127.0.0.1", "127.0.0.1", 6379, "")), guarded=False)
    assert (found.status, found.detail) == (
        "warn",
        "no firewall holds the app back; from its container answers tcp 6379 (Redis) at 127.0.0.1",
    )
    assert "group firewall" in found.cure
    (quiet,) = judge(doors(), guarded=False)
    assert quiet.status == "warn"


@pytest.mark.parametrize("guarded", [True, False])
def test_a_wired_endpoint_that_does_not_answer(guarded: bool) -> None:
    tried = [door._replace(reply="No route to host") if door.port == 5432 else door for door in doors()]
    found = judge(tried, guarded)
    assert [each.status for each in found] == (["fail"] if guarded else ["fail", "warn"])
    assert found[0].detail == "the app does not reach 10.9.0.1:5432 (no route to host)"


def test_one_address_of_several_is_enough() -> None:
    tried = doors(Door("s3.example.org", "::1", 443, "Connection refused"))
    assert [each.status for each in judge(tried)] == ["ok"]


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program called docker that lists containers and repeats what stands in a file."""
    program = tmp_path / "docker"
    program.write_text(
        '#!/bin/sh\n[ "$1" = ps ] && exec cat "$0.listed"\n'
        'echo "$@" >"$0.argv"; cat >"$0.stdin"; exec cat "$0.answer"\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    (tmp_path / "docker.listed").write_text("aa tools True\nbb sidekiq-all False\ncc web False\n", encoding="utf-8")
    return program


def test_the_questions_go_by_stdin(engine: Path) -> None:
    answer = [{"host": "10.9.0.1", "port": 5432, "address": "10.9.0.1", "reply": ""}]
    engine.with_suffix(".answer").write_text(json.dumps(answer), encoding="utf-8")
    wired = [{"host": "10.9.0.1", "port": "5432"}]
    (found,) = _probe_egress.egress(Context(timeout=5), project="mastodon", wired=wired, guarded=True)
    assert found.status == "ok"
    assert engine.with_suffix(".argv").read_text(encoding="utf-8").split() == [
        "exec",
        "--interactive",
        "cc",
        "ruby",
        "-",
    ]
    script, _end, question = engine.with_suffix(".stdin").read_text(encoding="utf-8").partition("__END__\n")
    assert "connect_nonblock" in script
    asked = json.loads(question)
    assert ["10.9.0.1", 5432] in asked["doors"]
    assert ["169.254.169.254", 80] in asked["doors"]
    assert asked["patience"] == _probe_egress.PATIENCE


def test_a_host_with_sidekiq_only(engine: Path) -> None:
    engine.with_suffix(".listed").write_text("bb sidekiq-all False\n", encoding="utf-8")
    engine.with_suffix(".answer").write_text("[]", encoding="utf-8")
    list(_probe_egress.egress(Context(timeout=5), project="mastodon", wired=[], guarded=True))
    assert " bb ruby -" in engine.with_suffix(".argv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("listed", "answer", "said"),
    [("aa tools True\n", "[]", "nobody can look"), ("cc web False\n", "oops", "not JSON")],
)
def test_nobody_who_could_look(engine: Path, listed: str, answer: str, said: str) -> None:
    engine.with_suffix(".listed").write_text(listed, encoding="utf-8")
    engine.with_suffix(".answer").write_text(answer, encoding="utf-8")
    with pytest.raises(ProbeError, match=said):
        list(_probe_egress.egress(Context(timeout=5), project="mastodon", wired=[]))
