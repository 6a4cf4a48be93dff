# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stranger can do with a bucket, found out by trying. PRIVATE to the collection: no other code may rely on it.

Requests are made without any library that might pick up credentials from the host.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable
from urllib.parse import quote, urlsplit

from ansible_collections.fediops.mastodon.plugins.module_utils._s3 import UnreachableError

REFUSED = frozenset({400, 401, 403, 405, 501})  # 400: a store that takes a request without a key for a broken one
READABLE = frozenset({200, 206, 416})  # 416: an empty object has no first byte
ATTEMPT = "fediops-probe-of-a-stranger"


@dataclass(frozen=True)
class Probe:
    """One request of a stranger, and whether it must work."""

    method: str
    key: str
    query: str = ""
    readable: bool = False
    broken: bool = False  # could not succeed with a key either, so that trying it does no harm

    def __str__(self) -> str:
        return f"{self.method} /{self.key}{'?' if self.query else ''}{self.query}"


@dataclass(frozen=True)
class Verdict:
    """What came of a probe."""

    probe: Probe
    status: int
    ok: bool


def probes(public: Sequence[str], closed: Sequence[str], *, has_policies: bool) -> list[Probe]:
    """Return what a stranger is made to try.

    All keys are of objects that exist. For a key that does not, some stores answer a stranger 403 whatever he may do,
    so that nobody finds out which keys there are: it would prove nothing.
    """
    tries = [Probe("GET", key, readable=True) for key in public] + [Probe("GET", key) for key in closed]
    tries += [Probe("GET", "", query) for query in ("", "list-type=2&max-keys=1", "uploads", "versions", "acl")]
    tries += [Probe("GET", key, "acl") for key in [*public[:1], *closed]]
    # Under a name of its own, so that nothing is lost if it works.
    folders = dict.fromkeys(key.rpartition("/")[0] for key in [*public, *closed])
    for folder in folders:
        key = f"{folder}/{ATTEMPT}" if folder else ATTEMPT
        tries += [Probe("PUT", key), Probe("DELETE", key)]
    tries += [Probe("PUT", "", "acl", broken=True)]
    if has_policies:
        tries += [Probe("GET", "", "policy"), Probe("PUT", "", "policy", broken=True)]
    return tries


def judge(probe: Probe, status: int) -> Verdict:
    """Compare an answer with what it must be. A 404 says that the stranger may look."""
    if probe.readable:
        return Verdict(probe, status, status in READABLE)
    # To a broken request, 400 is the answer that somebody gets who is allowed to make it.
    return Verdict(probe, status, status in REFUSED and not (probe.broken and status == 400))


class Stranger:
    """Somebody without a key."""

    def __init__(self, options: Mapping[str, Any], bucket: str) -> None:
        """Prepare for the endpoint of the connection options."""
        url = urlsplit(options["endpoint_url"])
        self._tls = url.scheme == "https"
        self._host, self._port = url.hostname or "", url.port
        self._base = url.path.rstrip("/") + "/"
        if options["path_style"]:
            self._base += f"{bucket}/"
        else:
            self._host = f"{bucket}.{self._host}"
        self._timeout = options["connect_timeout"] + options["read_timeout"]
        self._context = ssl.create_default_context(cafile=options["ca_bundle"])
        if not options["validate_certs"]:
            self._context.check_hostname = False
            self._context.verify_mode = ssl.CERT_NONE

    def ask(self, probe: Probe) -> int:
        """Send a probe and return the status of the answer."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        if self._tls:
            connection = http.client.HTTPSConnection(
                self._host, self._port, timeout=self._timeout, context=self._context
            )
        path = self._base + quote(probe.key) + (f"?{probe.query}" if probe.query else "")
        try:
            # One byte is enough to know whether an object can be read.
            headers = {"Range": "bytes=0-0"} if probe.readable else {}
            body = b"{" if probe.broken else b"" if probe.method == "PUT" else None
            connection.request(probe.method, path, body=body, headers=headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise UnreachableError(f"cannot try {probe} without a key: {error}") from error
        finally:
            connection.close()


def try_all(ask: Callable[[Probe], int], tries: Sequence[Probe]) -> list[Verdict]:
    """Try everything and judge it."""
    return [judge(probe, ask(probe)) for probe in tries]


def failures(verdicts: Iterable[Verdict]) -> list[str]:
    """Return what went wrong, as lines for people."""
    return [
        f"{verdict.probe} answered {verdict.status}, but {'anybody' if verdict.probe.readable else 'nobody'} may"
        for verdict in verdicts
        if verdict.ok is False
    ]
