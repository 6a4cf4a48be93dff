# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stranger can do with a bucket, found out by trying. PRIVATE to the collection: no other code may rely on it.

Requests are made without any library that might pick up credentials from the host.
"""

from __future__ import annotations

import http.client
import secrets
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable
from urllib.parse import quote, urlsplit

from ansible_collections.fediops.mastodon.plugins.module_utils._media import PRIVATE_PREFIXES
from ansible_collections.fediops.mastodon.plugins.module_utils._s3 import UnreachableError

REFUSED = frozenset({401, 403, 405, 501})
READABLE = frozenset({200, 206, 404, 416})  # 404: allowed, but not there; 416: an empty object has no first byte


@dataclass(frozen=True)
class Probe:
    """One request of a stranger, and whether it must work."""

    method: str
    key: str
    query: str = ""
    readable: bool = False
    exists: bool = False

    def __str__(self) -> str:
        return f"{self.method} /{self.key}{'?' if self.query else ''}{self.query}"


@dataclass(frozen=True)
class Verdict:
    """What came of a probe; `ok` is None when the answer proves nothing."""

    probe: Probe
    status: int
    ok: bool | None


def probes(public: Mapping[str, str | None], folder: str = "") -> list[Probe]:
    """Return what a stranger is made to try.

    `public` maps each public prefix to a key that exists below it, or to None; `folder` is what stands before all keys.
    """
    name = f"fediops-probe-{secrets.token_hex(8)}"
    tries = [
        Probe("GET", key or f"{prefix}{name}", readable=True, exists=key is not None) for prefix, key in public.items()
    ]
    closed = [f"{folder}{prefix}{name}" for prefix in PRIVATE_PREFIXES] + [f"{folder}{name}"]
    tries += [Probe("GET", key) for key in closed]
    tries += [Probe("GET", "", query) for query in ("list-type=2&max-keys=1", "uploads", "versions", "policy", "acl")]
    for key in [*(f"{prefix}{name}" for prefix in public), *closed]:
        tries += [Probe("PUT", key), Probe("DELETE", key)]
    return tries


def judge(probe: Probe, status: int) -> Verdict:
    """Compare an answer with what it must be.

    Some stores answer 403 for a key that does not exist, so that nobody can find out which do: where there is nothing
    to read below a public prefix, such an answer proves nothing.
    """
    if not probe.readable:
        return Verdict(probe, status, status in REFUSED)
    if status in REFUSED and not probe.exists:
        return Verdict(probe, status, None)
    return Verdict(probe, status, status in READABLE and not (probe.exists and status == 404))


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
            connection.request(probe.method, path, body=b"" if probe.method == "PUT" else None, headers=headers)
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
