# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A visit to the instance: a person reads, signs in, posts and uploads."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from tests.e2e.outside.browser import Browser
from tests.e2e.outside.report import facts, insist, tried
from tests.e2e.outside.websocket import Websocket, WebsocketError

# A sound: Mastodon refuses images of this size, and a video cannot be made from noise.
UPLOAD = 90_000_000
PIECE = 1_000_000


def sound(size: int, digest: Any) -> Iterator[bytes]:
    """Yield noise as a WAV file of exactly `size` bytes, and note its digest."""
    data = size - 44
    head = b"RIFF" + struct.pack("<I", size - 8) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 2, 44100, 176400, 4, 16)
    pieces = [head + b"data" + struct.pack("<I", data)]
    noise = os.urandom(PIECE)
    while data:
        pieces.append(noise[: min(data, PIECE)])
        data -= len(pieces[-1])
    for piece in pieces:
        digest.update(piece)
        yield piece


def main(config: dict[str, Any]) -> None:
    """Do it all, in order; what fails early makes the rest fail, too."""
    trust = ssl.create_default_context(cadata=config["ca"])
    browser = Browser(config["url"], trust)

    def page() -> str:
        text, _where = browser.page("/")
        insist("<html" in text.lower(), f"not a page: {text[:100]}")
        return f"{len(text)} bytes over TLS that the printed CA vouches for"

    def nobody_else() -> str:
        try:
            # None of the machine's own authorities: only then is it the printed one that counts.
            Browser(config["url"], ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)).page("/")
        except OSError as error:
            insist("CERTIFICATE_VERIFY_FAILED" in str(error), str(error))
            return "without it the certificate is refused"
        raise RuntimeError("the certificate is accepted without the CA")

    def sign_in() -> str:
        browser.sign_in(config["email"], config["password"])
        browser.let_app_in()
        return str(browser.data("GET", "/api/v1/accounts/verify_credentials")["acct"])

    tried("page over verified TLS", page)
    tried("TLS is verified at all", nobody_else)
    tried("the owner signs in and lets an app in", sign_in)
    tried("an event published by a web request reaches a websocket", _event, config, browser, trust)
    tried("a 90 MB upload through the edge and the app", _upload, browser)


def _event(config: dict[str, Any], browser: Browser, trust: ssl.SSLContext) -> str:
    host = str(config["host"])
    with (
        socket.create_connection((host, config["port"]), timeout=20) as plain,
        trust.wrap_socket(plain, server_hostname=host) as connection,
    ):
        target = "/api/v1/streaming?" + urlencode({"stream": "user", "access_token": browser.token})
        listener = Websocket(connection, host, target)
        # The subscription follows the handshake, and nothing says when it is there; what is posted earlier is nobody's.
        posted = set()
        for tries in range(1, 11):
            status = {"status": f"e2e {time.time()}", "visibility": "unlisted"}
            posted.add(browser.data("POST", "/api/v1/statuses", status)["id"])
            if _arrives(listener, posted):
                return f"of post {tries}"
    raise RuntimeError(f"no event came for any of {len(posted)} posts")


def _arrives(listener: Websocket, posted: set[str]) -> bool:
    end = time.monotonic() + 5
    while (left := end - time.monotonic()) > 0:
        try:
            event = json.loads(listener.message(left))
        except WebsocketError as error:
            if "no message" in str(error):
                return False
            raise
        if event.get("event") == "update" and json.loads(event["payload"])["id"] in posted:
            return True
    return False


def _upload(browser: Browser) -> str:
    digest, started = hashlib.sha256(), time.monotonic()
    status, media = browser.upload("noise.wav", "audio/wav", UPLOAD, sound(UPLOAD, digest))
    insist(status in (200, 202), f"answered {status}")
    took = time.monotonic() - started
    while not media.get("url"):
        insist(time.monotonic() - started < 180, "not processed within 180 s")
        time.sleep(1)
        media = browser.media(media["id"])
    facts(media_url=media["url"], uploaded=digest.hexdigest())
    return f"{UPLOAD} bytes in {took:.1f} s, at {media['url']}"
