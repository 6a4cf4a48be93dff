# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The media host, the store and the ports, looked at by somebody who means no good."""

from __future__ import annotations

import hashlib
import http.client
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit

from tests.e2e.outside.report import insist, tried

HEADERS = {
    "Cache-Control": "immutable",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
    "Access-Control-Allow-Origin": "*",
}
METHODS = ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND")
# What a listing, an error of the store and a header that was smuggled in look like.
TRACES = (b"ListBucketResult", b"<Error>", b"NoSuchKey", b"AccessDenied")


class Site:
    """One https name, asked with paths as they are: nothing tidies them up on the way."""

    def __init__(self, name: str, trust: ssl.SSLContext) -> None:
        self.name = name
        self._trust = trust

    def ask(self, target: str, method: str = "GET") -> tuple[int, http.client.HTTPMessage, str, bytes]:
        """Return status, headers, digest and the beginning of the body."""
        connection = http.client.HTTPSConnection(self.name, timeout=120, context=self._trust)
        try:
            connection.request(method, target, headers={"Origin": "https://elsewhere.example"})
            answer = connection.getresponse()
            digest, begin = hashlib.sha256(), b""
            while piece := answer.read(1 << 20):
                digest.update(piece)
                begin = begin or piece[:4000]
            return answer.status, answer.headers, digest.hexdigest(), begin
        finally:
            connection.close()


def main(config: dict[str, Any]) -> None:
    """Compare the file that was uploaded, then try what must not work."""
    trust = ssl.create_default_context(cadata=config["ca"])
    url, signed = urlsplit(config["media_url"]), urlsplit(config["signed_url"])
    media, store = Site(url.netloc, trust), Site(signed.netloc, trust)
    path = url.path
    archive = config["archive"]

    tried("the media host's bytes are the bucket's", _same, media, path, store, signed)
    tried("the media host's headers", _headers, media, path)
    for method in METHODS:
        tried(f"{method} is refused by the media host", _refused, media, path, method)
    for target in _bad_paths(path, archive):
        tried(f"nothing at {target}", _nothing, media, target)
    tried("a signed link to an archive works", _archive, store, urlsplit(config["signed_archive"]))
    bucket = f"/{config['bucket']}"
    for target in (bucket, f"{bucket}/?list-type=2", f"{bucket}/{archive}", f"{bucket}{path}", "/"):
        tried(f"unsigned {target} is refused by the store's name", _refused, store, target)
    tried("the open port answers", _port, config["addresses"], 443, True)
    for port in config["ports"]:
        tried(f"port {port} is closed", _port, config["addresses"], port, False)


def _same(media: Site, path: str, store: Site, signed: Any) -> str:
    there = store.ask(f"{signed.path}?{signed.query}")
    here = media.ask(path)
    insist(there[0] == 200, f"the signed link was answered {there[0]}: {there[3][:200]!r}")
    insist(here[0] == 200, f"the media host answered {here[0]}")
    insist(here[2] == there[2], f"digest {here[2]} at the media host, {there[2]} in the bucket")
    return f"sha256 {here[2]}"


def _headers(media: Site, path: str) -> str:
    for method in ("GET", "HEAD"):
        status, headers, _digest, _begin = media.ask(path, method)
        insist(status == 200, f"{method} was answered {status}")
        for name, part in HEADERS.items():
            values = headers.get_all(name) or []
            insist(len(values) == 1 and part in values[0], f"{method}: {name} is {values}")
        leaked = [name for name in headers if name.lower().startswith(("x-amz-", "x-minio-", "set-cookie"))]
        insist(not leaked, f"{method}: the store's own {', '.join(leaked)}")
    return ", ".join(HEADERS)


def _refused(site: Site, target: str, method: str = "GET") -> str:
    status, _headers, _digest, _begin = site.ask(target, method)
    insist(status in (400, 403, 404, 405), f"answered {status}")
    return f"answered {status}"


def _bad_paths(path: str, archive: str) -> list[str]:
    return [
        "/?list-type=2",
        "/?list-type=2&prefix=backups/",
        "/media_attachments/?list-type=2",
        f"/{archive}",
        f"//{archive}",
        f"/{archive.replace('b', '%62', 1)}",
        f"/media_attachments/../{archive}",
        f"/media_attachments/..%2f{archive}",
        f"/media_attachments/%2e%2e/{archive}",
        f"{path}%0d%0aX-Smuggled:%20yes",
        f"/%0d%0aX-Smuggled:%20yes/{archive}",
        "/%3flist-type=2",
        "/media_attachments/files%3flist-type=2",
        f"{path}%3fversionId=null",
        "/media_attachments/files/",
    ]


def _nothing(media: Site, target: str) -> str:
    status, headers, _digest, begin = media.ask(target)
    # The index is the media host's own page, whatever the query says.
    index = target.split("?")[0] == "/"
    insist(status == 200 if index else 400 <= status < 500, f"answered {status}")
    insist(headers.get("X-Smuggled") is None, "a header was smuggled in")
    found = [trace.decode() for trace in (*TRACES, b"fediops-e2e-archive") if trace in begin]
    insist(not found, f"the body holds {', '.join(found)}")
    return f"answered {status}"


def _archive(store: Site, signed: Any) -> str:
    status, _headers, _digest, begin = store.ask(f"{signed.path}?{signed.query}")
    insist(status == 200 and begin == b"fediops-e2e-archive", f"answered {status}: {begin[:100]!r}")
    return "answered 200"


def _port(addresses: list[str], port: int, wanted: bool) -> str:
    for address in addresses:
        try:
            socket.create_connection((address, port), timeout=3).close()
        except OSError:
            insist(not wanted, f"{address} does not answer at {port}")
        else:
            insist(wanted, f"{address} answers at {port}")
    return f"at {', '.join(addresses)}"
