# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Post a picture, delete the post, see what the media host still shows: one step a run, since others act between."""

from __future__ import annotations

import base64
import ssl
import time
from typing import Any
from urllib.parse import urlsplit

from tests.e2e.outside.attack import Site
from tests.e2e.outside.browser import Browser
from tests.e2e.outside.report import facts, insist, tried

# A picture of one pixel: real Mastodon looks inside.
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYPgPAAEEAQBwIGULAAAAAElFTkSuQmCC")
PATIENCE = 60.0


def main(config: dict[str, Any]) -> None:
    """Do the step that was asked for."""
    trust = ssl.create_default_context(cadata=config["ca"])
    browser = Browser(config["url"], trust)
    if config["step"] == "post":
        tried("a picture is posted, and shown", _post, browser, trust, config)
        return
    if config["step"] == "delete":
        browser.token = config["token"]
        tried("its post is deleted", _delete, browser, config["post"])
    if config["step"] == "look":
        tried(config["name"], _look, trust, config["media_url"], config["status"])
        return
    tried(config["name"], _wait, trust, config["media_url"], config["status"])


def _status(trust: ssl.SSLContext, address: str) -> int:
    parts = urlsplit(address)
    return Site(parts.netloc, trust).ask(parts.path)[0]


def _post(browser: Browser, trust: ssl.SSLContext, config: dict[str, Any]) -> str:
    browser.sign_in(config["email"], config["password"])
    browser.let_app_in()
    status, media = browser.upload("pixel.png", "image/png", len(PIXEL), iter([PIXEL]))
    insist(status in (200, 202) and "url" in media, f"the upload was answered {status}: {media}")
    post = browser.data("POST", "/api/v1/statuses", {"media_ids[]": str(media["id"]), "visibility": "unlisted"})
    # The second comes from the cache.
    for _try in range(2):
        seen = _status(trust, media["url"])
        insist(seen == 200, f"the media host answered {seen}")
    facts(post=post["id"], media_url=media["url"], token=browser.token)
    return str(media["url"])


def _delete(browser: Browser, post: str) -> str:
    gone = browser.data("DELETE", f"/api/v1/statuses/{post}?delete_media=true")
    return f"post {gone['id']}"


def _look(trust: ssl.SSLContext, address: str, wanted: int) -> str:
    seen = _status(trust, address)
    insist(seen == wanted, f"answered {seen}")
    return f"answered {seen}"


def _wait(trust: ssl.SSLContext, address: str, wanted: int) -> str:
    started = time.monotonic()
    while (seen := _status(trust, address)) != wanted:
        insist(time.monotonic() - started < PATIENCE, f"answered {seen} for {PATIENCE:.0f} s")
        time.sleep(0.5)
    return f"answered {seen} after {time.monotonic() - started:.1f} s"
