# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes over HTTP, against pages as they should be and as they should not."""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import Any

import probe_servers as servers
import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _probe_http
from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, ProbeError, explain

CONTEXT = Context(timeout=2)
MEDIA = {"Cache-Control": "public, max-age=315576000, immutable", "X-Content-Type-Options": "nosniff"}


def page(answer: tuple[int, Any, bytes], **expected: Any) -> Finding:
    with servers.web({"/x": answer}) as port:
        (found,) = _probe_http.page(CONTEXT, url=f"http://{servers.HOST}:{port}/x", **expected)
    return found


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((200, {}, b"OK"), {"body": "OK"}),
        ((200, {}, b"OK\n"), {"body": "OK"}),
        ((404, {}, b""), {"status": [403, 404]}),
        ((500, {}, b""), {"status": [], "lacks": ["ListBucketResult"]}),
        ((200, MEDIA, b"canary"), {"headers": {"cache-control": "immutable", "X-Content-Type-Options": "nosniff"}}),
        ((301, {"Location": "https://a/"}, b""), {"status": [301, 308], "headers": {"Location": "https://a/"}}),
        ((200, {}, b'{"subject": "acct:a@b"}'), {"json_equals": {"subject": "acct:a@b"}}),
        ((200, {}, b'{"a": {"b": 1}}'), {"json_equals": {"a.b": 1}}),
        ((200, {}, b"[]"), {"json_list": True}),
    ],
)
def test_pages_as_they_should_be(answer: tuple[int, Any, bytes], expected: dict[str, Any]) -> None:
    found = page(answer, **expected)
    assert (found.status, found.cure) == ("ok", ""), found.detail
    assert found.detail.startswith(f"answered {answer[0]}")


@pytest.mark.parametrize(
    ("answer", "expected", "said"),
    [
        ((502, {}, b"bad gateway"), {}, "answered 502 instead of 200: bad gateway"),
        ((200, {}, b"Welcome to nginx"), {"body": "OK"}, "said 'Welcome to nginx' instead of 'OK'"),
        ((200, {}, b"x"), {"contains": ["y"]}, "lacks 'y'"),
        ((200, {}, b"<ListBucketResult>"), {"status": [], "lacks": ["ListBucketResult"]}, "holds 'ListBucketResult'"),
        ((200, {}, b""), {"headers": {"X-Content-Type-Options": "nosniff"}}, "has no header X-Content-Type-Options"),
        ((200, [("A", "1"), ("a", "1")], b""), {"headers": {"A": "1"}}, "has 2 headers A"),
        ((200, {"Cache-Control": "no-store"}, b""), {"headers": {"Cache-Control": "immutable"}}, "'no-store', without"),
        ((200, {}, b"{}"), {"json_list": True}, "dict instead of a list"),
        ((200, {}, b'{"a": 1}'), {"json_equals": {"a.b": 1}}, "its a.b is 'None' instead of '1'"),
    ],
)
def test_pages_as_they_should_not_be(answer: tuple[int, Any, bytes], expected: dict[str, Any], said: str) -> None:
    found = page(answer, cure="do this", **expected)
    assert (found.status, found.cure) == ("fail", "do this")
    assert said in found.detail


def test_a_status_that_is_only_worth_a_warning() -> None:
    assert page((401, {}, b"log in"), warn_status=[401]).status == "warn"


def test_something_else_than_json() -> None:
    with pytest.raises(ProbeError, match="not JSON: <html>"):
        page((200, {}, b"<html>"), json_list=True)


def test_verified_tls_under_another_address(tmp_path: Path) -> None:
    authority = servers.Authority(tmp_path)
    with servers.web({"/": (200, {}, b"hello")}, authority.server()) as port:
        url = f"https://{servers.NAME}:{port}"
        context = Context(ca_file=str(authority.ca_file), timeout=2, resolve={servers.NAME: servers.HOST})
        assert _probe_http.fetch(context, url).text == "hello"
        with pytest.raises(OSError) as caught:
            _probe_http.fetch(Context(timeout=2, resolve={servers.NAME: servers.HOST}), url)
    detail, cure = explain(caught.value, 2)
    assert detail.startswith("the certificate is not trusted: unable to get local issuer")
    assert "check_ca_file" in cure


def test_a_server_is_known_by_its_own_certificate_and_no_other(tmp_path: Path) -> None:
    authority = servers.Authority(tmp_path)
    (tmp_path / "other").mkdir()
    other = servers.Authority(tmp_path / "other")
    with servers.web({"/": (200, {}, b"hello")}, authority.server()) as port:
        # What other names are trusted by does not count then.
        context = Context(ca_file=str(authority.ca_file), timeout=2)
        url = f"https://{servers.HOST}:{port}"
        (found,) = _probe_http.page(context, url=url, certificate=authority.ca_file.read_text())
        assert found.status == "ok"
        with pytest.raises(ssl.SSLCertVerificationError):
            list(_probe_http.page(context, url=url, certificate=other.ca_file.read_text()))


def silent(connection: Any) -> None:
    """Read until the client has gone, and say nothing."""
    while connection.recv(1000):
        pass


@pytest.mark.parametrize(
    ("reaction", "said"),
    [
        (lambda connection: connection.recv(100), "cut before an answer came"),
        (lambda connection: connection.sendall(b"220 smtp ready\r\n"), "not HTTP"),
        (silent, "no answer within 0.3 s"),
    ],
)
def test_servers_that_are_none(reaction: Any, said: str) -> None:
    with servers.tcp(reaction) as port, pytest.raises(Exception) as caught:
        _probe_http.fetch(Context(timeout=0.3), f"http://{servers.HOST}:{port}/")
    detail, cure = explain(caught.value, 0.3)
    assert said in detail
    assert cure


def about(**changes: Any) -> Finding:
    data = {"domain": "a.example", "version": "4.7.6", "registrations": {"enabled": False}, **changes}
    with servers.web({"/": (200, {}, json.dumps(data).encode())}) as port:
        (found,) = _probe_http.instance(
            CONTEXT, url=f"http://{servers.HOST}:{port}/", domain="a.example", version="4.7.6"
        )
    return found


@pytest.mark.parametrize("version", ["4.7.6", "4.7.6+glitch"])
def test_an_instance_that_is_what_the_inventory_says(version: str) -> None:
    assert about(version=version).detail == f"version {version}, registrations closed"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": "4.7.5"}, "runs version 4.7.5"),
        ({"version": "4.7.60"}, "runs version 4.7.60"),
        ({"domain": "b.example"}, "calls itself 'b.example'"),
        ({"domain": None}, "calls itself 'None'"),
    ],
)
def test_an_instance_that_is_another(change: dict[str, Any], said: str) -> None:
    found = about(**change)
    assert (found.status, said in found.detail) == ("fail", True)


def test_an_instance_that_is_down() -> None:
    with servers.web({"/": (503, {}, b"sorry")}) as port, pytest.raises(ProbeError, match=r"answered 503 .*: sorry"):
        list(_probe_http.instance(CONTEXT, url=f"http://{servers.HOST}:{port}/", domain="a"))


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (b"401 Unauthorized\r\nX-Error-Message: Missing access token\r\nContent-Length: 0", "ok", "streaming answers"),
        (b"401 Unauthorized\r\nContent-Length: 20\r\n\r\nMissing access token", "ok", "streaming answers"),
        (b"401 Unauthorized\r\nContent-Length: 0", "fail", "answered 401, but not in the words"),
        (b"404 Not Found\r\nContent-Length: 5\r\n\r\nrails", "fail", "answered 404, but not in the words"),
        (b"101 Switching Protocols\r\nUpgrade: websocket", "fail", "anybody in"),
        (b"502 Bad Gateway\r\nContent-Length: 0", "fail", "answered 502"),
    ],
)
def test_websocket_upgrades(answer: bytes, status: str, said: str) -> None:
    asked: list[bytes] = []

    def handle(connection: Any) -> None:
        asked.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 " + answer + (b"" if b"\r\n\r\n" in answer else b"\r\n\r\n"))

    with servers.tcp(handle) as port:
        (found,) = _probe_http.websocket(CONTEXT, url=f"http://{servers.HOST}:{port}/api/v1/streaming")
    assert (found.status, said in found.detail) == (status, True)
    assert b"GET /api/v1/streaming HTTP/1.1\r\n" in asked[0]
    assert b"Upgrade: websocket\r\n" in asked[0]
    assert b"Connection: Upgrade\r\n" in asked[0]
