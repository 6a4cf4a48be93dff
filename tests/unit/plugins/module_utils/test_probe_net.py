# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of every age, and doors that stand open."""

from __future__ import annotations

import socket
from pathlib import Path

import probe_servers as servers
import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _probe_net
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, ProbeError

DAY = 86400.0


@pytest.mark.parametrize(
    ("life", "left", "status", "said"),
    [
        (90, 60, "ok", "60 days"),
        (90, 29, "ok", "29 days"),
        (90, 20, "warn", "20 days"),
        (90, 6, "fail", "6 days"),
        (365, 40, "ok", "40 days"),
        (365, 6.5, "fail", "6 days"),
        (6.66, 3, "ok", "3 days"),
        (6.66, 1.6, "warn", "38 hours"),
        (0.5, 0.2, "ok", "4 hours"),
        (0.5, 0.1, "warn", "2 hours"),
        (0.5, 0.01, "fail", "14 minutes"),
        (90, -1, "fail", "0 minutes"),
    ],
)
def test_lifetimes_from_hours_to_a_year(life: float, left: float, status: str, said: str) -> None:
    found = _probe_net.judge_lifetime((left - life) * DAY, left * DAY, 0.0, "TLSv1.3")
    assert (found.status, found.detail) == (status, f"valid for {said} more, TLSv1.3")


def test_a_certificate_that_is_good(tmp_path: Path) -> None:
    authority = servers.Authority(tmp_path)
    context = Context(ca_file=str(authority.ca_file), timeout=2, resolve={servers.NAME: servers.HOST})
    with servers.tcp(lambda connection: None, authority.server()) as port:
        (found,) = _probe_net.certificate(context, hosts=[servers.NAME], port=port)
    assert (found.status, found.detail) == ("ok", "valid for 88 days more, TLSv1.3, from test root")


@pytest.mark.parametrize(
    ("name", "start", "end", "trusted", "said"),
    [
        (servers.NAME, -9, -1, True, "certificate has expired"),
        (servers.NAME, 1, 9, True, "certificate is not yet valid"),
        ("other.example.org", -1, 89, True, "Hostname mismatch"),
        (servers.NAME, -1, 89, False, "unable to get local issuer"),
    ],
)
def test_certificates_that_are_not(
    tmp_path: Path, name: str, start: float, end: float, trusted: bool, said: str
) -> None:
    authority = servers.Authority(tmp_path)
    context = Context(
        ca_file=str(authority.ca_file) if trusted else "", timeout=2, resolve={servers.NAME: servers.HOST}
    )
    with servers.tcp(lambda connection: None, authority.server(name, start, end)) as port:
        (found,) = _probe_net.certificate(context, hosts=[servers.NAME], port=port)
    assert (found.status, found.name) == ("fail", f"Certificate of {servers.NAME}")
    assert f"the certificate is not trusted: {said}" in found.detail


def test_a_server_without_tls() -> None:
    with servers.tcp(lambda connection: connection.sendall(b"HTTP/1.1 400 no\r\n")) as port:
        (found,) = _probe_net.certificate(Context(timeout=2), hosts=[servers.HOST], port=port)
    assert (found.status, found.detail.split(":")[0]) == ("fail", "TLS failed")


def test_one_name_in_trouble_says_nothing_of_the_others(tmp_path: Path) -> None:
    authority = servers.Authority(tmp_path)
    names = {"bad.example.org": servers.HOST, servers.NAME: servers.HOST}
    with servers.tcp(lambda connection: None, authority.server()) as port:
        context = Context(ca_file=str(authority.ca_file), timeout=2, resolve=names)
        found = list(_probe_net.certificate(context, hosts=list(names), port=port))
    assert [each.status for each in found] == ["fail", "ok"]


def test_a_ca_file_that_is_not_there() -> None:
    with servers.tcp(lambda connection: None) as port:
        (found,) = _probe_net.certificate(Context(ca_file="/no/such/file"), hosts=[servers.HOST], port=port)
    assert (found.status, found.detail) == ("fail", "cannot read certificates from /no/such/file")


def test_a_name_that_nobody_knows() -> None:
    (found,) = _probe_net.certificate(Context(timeout=2), hosts=["no-such-name.invalid"])
    assert found.detail.startswith("the name no-such-name.invalid cannot be resolved")
    with pytest.raises(ProbeError, match=r"the name no-such-name\.invalid cannot be resolved"):
        list(_probe_net.ports_closed(Context(timeout=2), hosts=["no-such-name.invalid"], ports=[1]))


def test_open_and_closed_doors() -> None:
    with servers.tcp(lambda connection: None) as opened, socket.socket() as bound:
        bound.bind((servers.HOST, 0))
        closed = bound.getsockname()[1]
        found = _probe_net.knock({servers.HOST: socket.AF_INET}, [opened, closed], 2)
    assert found == [(servers.HOST, opened)]


def test_a_door_that_never_answers_is_not_waited_for() -> None:
    # A listener whose queue is full drops the knock, as a firewall does.
    with socket.socket() as full, socket.socket() as first:
        full.bind((servers.HOST, 0))
        full.listen(0)
        first.connect(full.getsockname())
        with socket.socket() as second:
            second.setblocking(False)
            second.connect_ex(full.getsockname())
            assert _probe_net.knock({servers.HOST: socket.AF_INET}, [full.getsockname()[1]], 0.2) == []


def test_this_machine_cannot_look_from_outside() -> None:
    (found,) = _probe_net.ports_closed(Context(timeout=1), hosts=[servers.HOST, "localhost"], ports=[1])
    assert found.status == "warn"
    assert "observer" in found.cure


def test_what_an_outsider_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_probe_net, "knock", lambda there, _ports, _patience: [(next(iter(there)), 5432)])
    context = Context(timeout=1, resolve={servers.NAME: "192.0.2.7"})
    (found,) = _probe_net.ports_closed(context, hosts=[servers.NAME], ports=["5432", 6379])
    assert (found.status, found.detail) == ("fail", "open: 5432 (PostgreSQL) at 192.0.2.7")
    monkeypatch.setattr(_probe_net, "knock", lambda _there, _ports, _patience: [])
    (found,) = _probe_net.ports_closed(context, hosts=[servers.NAME], ports=["5432", 6379])
    assert (found.status, found.detail) == ("ok", "2 ports closed at 192.0.2.7")
