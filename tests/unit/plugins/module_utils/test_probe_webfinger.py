# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How other servers find an account: directly, by a redirect, and in all the ways that fail."""

from __future__ import annotations

import json
from typing import Any

import probe_servers as servers
import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _probe_webfinger
from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context

ACCOUNT = "owner@social.org"
ASKED = f"{_probe_webfinger.PATH}?resource=acct:{ACCOUNT}"
ENCODED = ASKED.replace(":", "%3A").replace("@", "%40")
OPEN = {"Access-Control-Allow-Origin": "*"}


def answer(port: int, **changes: Any) -> bytes:
    """Return what Mastodon says of the account."""
    actor = f"http://{servers.HOST}:{port}/users/owner"
    data = {"subject": f"acct:{ACCOUNT}", "links": [{"rel": "avatar"}, {"rel": "self", "href": actor}]}
    return json.dumps({**data, **changes}).encode()


def asked(handles: dict[str, Any] | None) -> Finding:
    """Ask a domain of handles about an account of the web domain, whose address is {web}; None: both are one."""
    pages: dict[str, Any] = {}
    with servers.web(pages) as port:
        web = f"http://{servers.HOST}:{port}"
        pages.update(dict.fromkeys((ASKED, ENCODED), (200, OPEN, answer(port))))
        if handles is None:
            (found,) = _probe_webfinger.webfinger(Context(timeout=2), url=web, web=web, account=ACCOUNT)
            return found
        led = {
            path: (status, {name: value.format(web=web) for name, value in headers.items()}, body)
            for path, (status, headers, body) in handles.items()
        }
        with servers.web(led) as own:
            url = f"http://{servers.HOST}:{own}"
            (found,) = _probe_webfinger.webfinger(Context(timeout=2), url=url, web=web, account=ACCOUNT)
    return found


@pytest.mark.parametrize(("status", "path"), [(301, ASKED), (302, ASKED), (308, ENCODED)])
def test_a_redirect_that_pages_may_follow(status: int, path: str) -> None:
    found = asked({ASKED: (status, {**OPEN, "Location": "{web}" + path}, b"")})
    assert (found.status, found.detail) == ("ok", f"finds {ACCOUNT}")


def test_one_name_for_both() -> None:
    assert asked(None).status == "ok"


def test_a_redirect_that_only_servers_may_follow() -> None:
    found = asked({ASKED: (301, {"Location": "{web}" + ASKED}, b"")})
    assert (found.status, "lacks Access-Control-Allow-Origin" in found.detail) == ("warn", True)


@pytest.mark.parametrize(
    ("handles", "says"),
    [
        ({}, "answered 404"),
        ({ASKED: (301, {**OPEN, "Location": "{web}/"}, b"")}, "leads to"),
        ({ASKED: (301, {**OPEN, "Location": "{web}" + _probe_webfinger.PATH}, b"")}, "leads to"),
        ({ASKED: (301, {**OPEN, "Location": "https://elsewhere.example" + ASKED}, b"")}, "leads to"),
        ({ASKED: (301, {**OPEN, "Location": ASKED}, b"")}, "leads to"),
        ({ASKED: (301, OPEN, b"")}, "answered 301"),
        ({ASKED: (200, OPEN, b'{"subject": "acct:other@social.org"}')}, "its subject is"),
        ({ASKED: (200, OPEN, b'{"subject": "acct:owner@social.org"}')}, "not under"),
        ({ASKED: (200, OPEN, b'{"subject": "acct:owner@social.org", "links": [{"rel": "self"}, 7]}')}, "not under"),
    ],
)
def test_nobody_is_found(handles: dict[str, Any], says: str) -> None:
    found = asked(handles)
    assert (found.status, bool(found.cure)) == ("fail", True)
    assert says in found.detail


def test_the_redirect_is_well_and_the_instance_is_not() -> None:
    with servers.web({}) as port:
        web = f"http://{servers.HOST}:{port}"
        with servers.web({ASKED: (301, {**OPEN, "Location": web + ASKED}, b"")}) as own:
            url = f"http://{servers.HOST}:{own}"
            (found,) = _probe_webfinger.webfinger(Context(timeout=2), url=url, web=web, account=ACCOUNT)
    assert (found.status, "answered 404" in found.detail) == ("fail", True)
