# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to others: deletions at stores, purges at a CDN, busts for the other media hosts.

Stores are asked with the standard library alone, because an origin may be an address with the certificate of a name, or
several hosts, which clients of S3 do not know how to ask.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

_TIMEOUT = 15
_NOTHING = hashlib.sha256(b"").hexdigest()


class RefusedError(Exception):
    """Somebody answered, and did not do it."""


class _Named(http.client.HTTPSConnection):
    """TLS with a name that is not the one that was connected to."""

    def __init__(self, host: str, port: int, name: str, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=_TIMEOUT, context=context)
        self._name, self._tls = name, context

    def connect(self) -> None:
        plain = socket.create_connection((self.host, self.port), _TIMEOUT)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self._name)


def request(
    connection: http.client.HTTPConnection, method: str, target: str, headers: Mapping[str, str], body: str = ""
) -> int:
    """Send one request, the target as it is; return the status of the answer."""
    try:
        connection.putrequest(method, target, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        content = body.encode()
        if content or method in ("POST", "PUT"):
            connection.putheader("Content-Length", str(len(content)))
        connection.endheaders(content or None)
        response = connection.getresponse()
        response.read(2**16)
        return response.status
    finally:
        connection.close()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signed(origin: Mapping[str, Any], method: str, target: str, now: float) -> dict[str, str]:
    """Return the headers of a request without a body: Amazon's "Signature Version 4"."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    scope = f"{stamp[:8]}/{origin['region']}/s3/aws4_request"
    headers = {"Host": origin["host_header"], "X-Amz-Content-Sha256": _NOTHING, "X-Amz-Date": stamp}
    lines = "".join(f"{name.lower()}:{value}\n" for name, value in headers.items())
    names = ";".join(name.lower() for name in headers)
    asked = hashlib.sha256(f"{method}\n{target}\n\n{lines}\n{names}\n{_NOTHING}".encode()).hexdigest()
    key = f"AWS4{origin['secret_key']}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    proof = _hmac(key, f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{asked}").hex()
    who = f"Credential={origin['access_key']}/{scope}"
    return {**headers, "Authorization": f"AWS4-HMAC-SHA256 {who},SignedHeaders={names},Signature={proof}"}


class Store:
    """An origin that we may write to."""

    def __init__(self, origin: Mapping[str, Any]) -> None:
        """Take the origin as the collection spells it out, with its keys."""
        self._origin = origin
        self._context = None
        if origin["scheme"] == "https":
            self._context = ssl.create_default_context(cadata=origin["tls_ca"] or None)
            if not origin["tls_verify"]:
                self._context.check_hostname, self._context.verify_mode = False, ssl.CERT_NONE
        self._servers = [(origin["host"], origin["port"])]
        for other in origin["others"]:
            host, port = other.rsplit(":", 1)
            self._servers.append((host.strip("[]"), int(port)))

    def delete(self, path: str) -> None:
        """Delete a file; that it is not there is as good. What fails raises OSError or RefusedError."""
        target = quote(self._origin["prefix"] + path, safe="/")
        # Any host of a store will do; the first that answers has said it for all.
        for number, server in enumerate(self._servers):
            try:
                status = request(self._connection(server), "DELETE", target, self._headers(target))
            except (OSError, http.client.HTTPException):
                if number + 1 == len(self._servers):
                    raise
                continue
            if status // 100 != 2 and status not in (404, 410):
                raise RefusedError(f"it answers {status}")
            return

    def _headers(self, target: str) -> dict[str, str]:
        return signed(self._origin, "DELETE", target, time.time())

    def _connection(self, server: tuple[str, int]) -> http.client.HTTPConnection:
        if self._context is None:
            return http.client.HTTPConnection(*server, timeout=_TIMEOUT)
        return _Named(*server, self._origin["tls_name"], self._context)


class Cdn:
    """Somebody else's cache in front of ours."""

    def __init__(self, settings: Mapping[str, Any], names: list[str]) -> None:
        """Take what to ask, with {url}, {host} and {path} where those of a file belong."""
        self._settings, self._names = settings, names
        self._context = ssl.create_default_context()

    def purge(self, path: str) -> None:
        """Have one file forgotten under every name. What fails raises OSError or RefusedError."""
        for name in self._names:
            status = self._ask({"{url}": f"https://{name}{path}", "{host}": name, "{path}": path})
            if status // 100 != 2 and status != 404:
                raise RefusedError(f"it answers {status}")

    def _ask(self, values: Mapping[str, str]) -> int:
        def fill(text: str) -> str:
            for mark, value in values.items():
                text = text.replace(mark, value)
            return text

        parts = urlsplit(fill(self._settings["purge_url"]))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection = (
            http.client.HTTPConnection(parts.netloc, timeout=_TIMEOUT)
            if parts.scheme == "http"
            else http.client.HTTPSConnection(parts.netloc, timeout=_TIMEOUT, context=self._context)
        )
        headers = {name: fill(value) for name, value in self._settings["headers"].items()}
        return request(connection, self._settings["method"], target, headers, fill(self._settings["body"]))


def tell_peer(peer: str, path: str, headers: Mapping[str, str]) -> None:
    """Hand a bust on to another media host. What fails raises OSError or RefusedError."""
    connection = http.client.HTTPConnection(peer, timeout=_TIMEOUT)
    status = request(connection, "PURGE", path, headers)
    if status // 100 != 2:
        raise RefusedError(f"it answers {status}")
