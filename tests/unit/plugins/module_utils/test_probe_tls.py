# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of every age, protocols of every age, headers said twice, and plain HTTP that leads nowhere."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import probe_servers as servers
import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _old_tls, _probe_tls
from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_http import Reply

DAY = 86400.0
HSTS = ("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
V1_0, V1_1, V1_2, V1_3 = (getattr(ssl.TLSVersion, name) for name in ("TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3"))


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
    found = _probe_tls.judge_lifetime((left - life) * DAY, left * DAY, 0.0, "somebody")
    assert (found.status, found.detail) == (status, f"certificate from somebody for {said} more")


@contextlib.contextmanager
def plain() -> Iterator[int]:
    with servers.web({"/": (308, {"Location": f"https://{servers.NAME}/"}, b"")}) as port:
        yield port


def context(authority: servers.Authority, trusted: bool = True) -> Context:
    ca_file = str(authority.ca_file) if trusted else ""
    return Context(ca_file=ca_file, timeout=2, resolve={servers.NAME: servers.HOST})


def look(tmp_path: Path, server: ssl.SSLContext, headers: Any = (HSTS,), trusted: bool = True) -> list[Finding]:
    """What is seen of a server whose certificate is signed by the authority in this folder."""
    authority = servers.Authority.__new__(servers.Authority)
    authority.ca_file = tmp_path / "ca.pem"
    with servers.web({"/": (200, headers, b"")}, server) as port, plain() as http_port:
        return list(_probe_tls.tls(context(authority, trusted), hosts=[servers.NAME], port=port, http_port=http_port))


def test_all_is_well_in_one_row(tmp_path: Path) -> None:
    (found,) = look(tmp_path, servers.Authority(tmp_path).server())
    assert (found.status, found.name) == ("ok", f"TLS of {servers.NAME}")
    assert found.detail == (
        "certificate from test root for 88 days more, TLS 1.2 and 1.3, nothing older, HSTS once, HTTP redirects to it"
    )


@pytest.mark.parametrize(
    ("name", "start", "end", "trusted", "said"),
    [
        (servers.NAME, -9, -1, True, "certificate has expired"),
        (servers.NAME, 1, 9, True, "certificate is not yet valid"),
        ("other.example.org", -1, 89, True, "Hostname mismatch"),
        (servers.NAME, -1, 89, False, "unable to get local issuer"),
    ],
)
def test_certificates_that_are_not_good(
    tmp_path: Path, name: str, start: float, end: float, trusted: bool, said: str
) -> None:
    (found,) = look(tmp_path, servers.Authority(tmp_path).server(name, start, end), trusted=trusted)
    assert (found.status, found.name) == ("fail", f"TLS of {servers.NAME}")
    assert f"the certificate is not trusted: {said}" in found.detail


@pytest.mark.parametrize(
    ("oldest", "newest", "status", "said"),
    [
        (V1_0, V1_3, "fail", "still speaks TLSv1.0 and TLSv1.1, which can be broken"),
        (V1_1, V1_3, "fail", "still speaks TLSv1.1, which can be broken"),
        (V1_2, V1_2, "warn", "does not speak TLS 1.3"),
        (V1_3, V1_3, "fail", "does not speak TLS 1.2, which many other servers still need"),
    ],
)
def test_protocols(tmp_path: Path, oldest: Any, newest: Any, status: str, said: str) -> None:
    (found,) = look(tmp_path, servers.only(servers.Authority(tmp_path).server(), oldest, newest))
    assert (found.status, found.detail, found.name) == (status, said, f"TLS of {servers.NAME}")


@pytest.mark.parametrize("version", [V1_0, V1_1])
def test_old_greetings_are_understood_by_a_real_server(tmp_path: Path, version: Any) -> None:
    """The refusal would mean nothing if the greeting were malformed."""
    server = servers.only(servers.Authority(tmp_path).server(), version, version)
    with servers.tcp(lambda connection: None, server) as port:
        for number in _old_tls.VERSIONS.values():
            with Context(timeout=2).connect(servers.HOST, port) as connection:
                assert _old_tls.speaks(connection, servers.NAME, number) == (number == int(version))


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x46"])
def test_whoever_does_not_greet_back_has_refused(answer: bytes) -> None:
    with (
        servers.tcp(lambda connection: connection.sendall(answer)) as port,
        Context(timeout=2).connect(servers.HOST, port) as connection,
    ):
        assert not _old_tls.speaks(connection, servers.NAME, _old_tls.VERSIONS["TLSv1.0"])


def test_every_fault_is_a_row(tmp_path: Path) -> None:
    server = servers.only(servers.Authority(tmp_path).server(start=-89, end=6), V1_0, V1_3)
    found = look(tmp_path, server, [("X-Frame-Options", "DENY"), ("X-Frame-Options", "SAMEORIGIN")])
    assert [each.status for each in found] == ["fail"] * 3
    assert {each.name for each in found} == {f"TLS of {servers.NAME}"}


@pytest.mark.parametrize(
    ("headers", "status", "said"),
    [
        ([HSTS], "ok", "HSTS once"),
        ([HSTS, HSTS], "fail", "sends Strict-Transport-Security more than once"),
        ([], "fail", "sends no HSTS"),
        ([("strict-transport-security", "max-age=0")], "fail", "its HSTS is 'max-age=0'"),
        ([("Strict-Transport-Security", "max-age=9, max-age=9")], "fail", "its HSTS is 'max-age=9, max-age=9'"),
        ([("Strict-Transport-Security", "includeSubDomains")], "fail", "its HSTS is"),
        ([HSTS, ("Content-Security-Policy", "a"), ("content-security-policy", "b")], "fail", "Content-Security-Policy"),
        ([HSTS, ("Set-Cookie", "a"), ("Set-Cookie", "b")], "ok", "HSTS once"),
    ],
)
def test_headers(headers: list[tuple[str, str]], status: str, said: str) -> None:
    found = _probe_tls.judge_headers(Reply(200, tuple(headers), b""))
    assert found.status == status
    assert said in found.detail


@pytest.mark.parametrize(
    ("status", "location", "well"),
    [
        (301, f"https://{servers.NAME}/", True),
        (308, f"https://{servers.NAME}:443/x", True),
        (301, f"http://{servers.NAME}/", False),
        (301, "https://elsewhere.example/", False),
        (301, "/", False),
        (301, "", False),
        (200, "", False),
        (404, f"https://{servers.NAME}/", False),
    ],
)
def test_redirects(status: int, location: str, well: bool) -> None:
    headers = (("Location", location),) if location else ()
    found = _probe_tls.judge_redirect(Reply(status, headers, b""), [servers.NAME])
    assert (found.status == "ok") == well
    if not well:
        assert found.detail.startswith(f"plain HTTP was answered {status}")


def test_no_plain_http_at_all(tmp_path: Path) -> None:
    authority = servers.Authority(tmp_path)
    with servers.web({"/": (200, [HSTS], b"")}, authority.server()) as port, servers.closed() as closed:
        (found,) = _probe_tls.tls(context(authority), hosts=[servers.NAME], port=port, http_port=closed)
    assert (found.status, found.detail) == ("fail", "plain HTTP: connection refused: nothing listens there")


def test_a_server_without_tls() -> None:
    with servers.tcp(lambda connection: connection.sendall(b"HTTP/1.1 400 no\r\n")) as port:
        (found,) = _probe_tls.tls(Context(timeout=2), hosts=[servers.HOST], port=port)
    assert (found.status, found.detail.split(":")[0]) == ("fail", "TLS failed")


def test_one_name_in_trouble_says_nothing_of_the_others(tmp_path: Path) -> None:
    authority = servers.Authority(tmp_path)
    with servers.web({"/": (200, [HSTS], b"")}, authority.server()) as port, plain() as http_port:
        names = ["no-such-name.invalid", servers.NAME]
        found = list(_probe_tls.tls(context(authority), hosts=names, port=port, http_port=http_port))
    assert [each.status for each in found] == ["fail", "ok"]
    assert found[0].detail.startswith("the name no-such-name.invalid cannot be resolved")


def test_a_ca_file_that_is_not_there() -> None:
    with servers.tcp(lambda connection: None) as port:
        (found,) = _probe_tls.tls(Context(ca_file="/no/such/file"), hosts=[servers.HOST], port=port)
    assert (found.status, found.detail) == ("fail", "cannot read certificates from /no/such/file")
