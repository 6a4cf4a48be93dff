# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes that ask over HTTP, as a visitor's browser does. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import base64
import http.client
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding, clean, fail, ok, warn
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, ProbeError

# No page that is asked for here is longer; a server that never ends must not fill the memory.
BODY_LIMIT = 2_000_000


@dataclass(frozen=True)
class Reply:
    """An answer: redirects are not followed, headers keep their repetitions."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def values(self, header: str) -> list[str]:
        """Return every value of a header: two of the same kind are a fault in themselves."""
        return [value for name, value in self.headers if name.lower() == header.lower()]

    @property
    def text(self) -> str:
        """Return the body as text."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body's data."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise ProbeError(
                f"answered {self.status} with something that is not JSON: {clean(self.text, 80)}",
                "Another service answers under this name: look at the edge's sites",
            ) from error


def fetch(
    context: Context, url: str, method: str = "GET", headers: Mapping[str, str] | None = None, certificate: str = ""
) -> Reply:
    """Ask once, with verified TLS where the URL says https; by a certificate of the server's own when one is given."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    connection = (http.client.HTTPSConnection if secure else http.client.HTTPConnection)(host, port)
    # Given an open socket http.client opens none: so names can be resolved elsewhere and TLS is verified in one place.
    connection.sock = context.connect_tls(host, port, certificate) if secure else context.connect(host, port)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, headers={"User-Agent": "fediops-check", **(headers or {})})
        answer = connection.getresponse()
        return Reply(answer.status, tuple(answer.getheaders()), answer.read(BODY_LIMIT))
    finally:
        connection.close()


def page(
    context: Context,
    *,
    url: str,
    method: str = "GET",
    status: Sequence[int] = (200,),
    warn_status: Sequence[int] = (),
    body: str = "",
    contains: Sequence[str] = (),
    lacks: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    json_equals: Mapping[str, Any] | None = None,
    json_list: bool = False,
    certificate: str = "",
    cure: str = "",
) -> Iterator[Finding]:
    """Ask for a page and compare: its status, its text, and headers that must be there exactly once."""
    reply = fetch(context, url, method, certificate=certificate)
    if reply.status in warn_status:
        yield warn(f"answered {reply.status}: {clean(reply.text, 80)}", cure)
        return
    faults = list(_faults(reply, status, body, contains, lacks, headers or {}))
    if not faults and (json_equals or json_list):
        faults = list(_data_faults(reply.json(), json_equals or {}, json_list))
    if faults:
        yield fail("; ".join(faults), cure)
    else:
        yield ok(_praise(reply, headers or {}))


def _faults(
    reply: Reply,
    status: Sequence[int],
    body: str,
    contains: Sequence[str],
    lacks: Sequence[str],
    headers: Mapping[str, str],
) -> Iterator[str]:
    if status and reply.status not in status:
        wanted = " or ".join(str(number) for number in status)
        yield f"answered {reply.status} instead of {wanted}: {clean(reply.text, 80)}"
        return
    if body and reply.text.strip() != body.strip():
        yield f"said {clean(reply.text, 60)!r} instead of {clean(body, 60)!r}"
    for part in contains:
        if part not in reply.text:
            yield f"its text lacks {part!r}"
    for part in lacks:
        if part in reply.text:
            yield f"its text holds {part!r}"
    for name, part in headers.items():
        values = reply.values(name)
        if not values:
            yield f"has no header {name}"
        elif len(values) > 1:
            yield f"has {len(values)} headers {name}"
        elif str(part) not in values[0]:
            yield f"its {name} is {clean(values[0], 80)!r}, without {part!r}"


def _data_faults(data: Any, equals: Mapping[str, Any], is_list: bool) -> Iterator[str]:
    if is_list and not isinstance(data, list):
        yield f"answered with {type(data).__name__} instead of a list"
    for path, wanted in equals.items():
        found = dig(data, path)
        if found != wanted:
            yield f"its {path} is {clean(found, 60)!r} instead of {clean(wanted, 60)!r}"


def dig(data: Any, path: str) -> Any:
    """Return what stands at a path such as `configuration.urls.streaming`; None where it ends early."""
    for part in path.split("."):
        data = data.get(part) if isinstance(data, dict) else None
    return data


def _praise(reply: Reply, headers: Mapping[str, str]) -> str:
    location = reply.values("Location")
    parts = [f"answered {reply.status}"] + [f"to {value}" for value in location]
    if headers and not location:
        parts.append(f"with {', '.join(headers)}")
    return " ".join(parts)


def instance(context: Context, *, url: str, domain: str, version: str = "") -> Iterator[Finding]:
    """Ask the instance what it is. A fork's version carries a suffix (4.7.6+glitch) and is still that version."""
    reply = fetch(context, url)
    if reply.status != 200:
        raise ProbeError(
            f"answered {reply.status} instead of 200: {clean(reply.text, 80)}", "Read the log: docker compose logs web"
        )
    data = reply.json()
    runs, found = str(dig(data, "version")), dig(data, "domain")
    if found != domain:
        yield fail(
            f"calls itself {clean(found, 80)!r} instead of {domain!r}",
            "Another instance answers here: look at DNS and at the edge's sites",
        )
    elif version and runs.split("+", maxsplit=1)[0] != version:
        yield fail(f"runs version {runs}, the inventory says {version}", "Run site.yml, or set mastodon_version")
    else:
        state = "open" if dig(data, "registrations.enabled") else "closed"
        yield ok(f"version {runs}, registrations {state}")


def websocket(context: Context, *, url: str) -> Iterator[Finding]:
    """Ask for a websocket without a token: only the streaming server itself refuses it in these words."""
    reply = fetch(
        context,
        url,
        headers={
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        },
    )
    words = " ".join(reply.values("X-Error-Message")) + reply.text
    if reply.status == 401 and "Missing access token" in words:
        yield ok("streaming answers the upgrade, and refuses it without a token")
    elif reply.status == 101:
        yield fail("streaming lets anybody in without a token", "Another service listens on the streaming port")
    else:
        yield fail(
            f"answered {reply.status}, but not in the words of streaming: {clean(words, 80)}",
            "Let the edge pass /api/v1/streaming with its Upgrade header to streaming, and see that it runs",
        )
