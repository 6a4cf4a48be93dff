# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of things: visit the instance, put an archive into the bucket, attack, tidy up; then post and delete."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.e2e import deletion, ship
from tests.e2e.demo import Demo
from tests.e2e.links import BUCKET, INTERNAL, signed

ARCHIVE = "backups/dumps/fediops-e2e/archive.tar.gz"
CONTENT = "fediops-e2e-archive"
CLOSED = (2019, 3000, 4000, 5432, 6379, 8080, 9000)


def checks(demo: Demo) -> Iterator[dict[str, Any]]:
    """Yield the reports of all checks."""
    seen: dict[str, Any] = {}
    shared = {"ca": demo.ca}
    url = urlsplit(demo.url)
    # On the instance's own network it stands at the usual port.
    visit = {**shared, "url": f"https://{demo.domain}", "host": demo.domain, "port": 443, "email": demo.email,
             "password": demo.secrets["owner_password"]}  # fmt: skip
    for report in ship.run(demo.outside(), "visit", visit):
        seen.update(report.get("facts", {}))
        if "facts" not in report:
            yield report
    if "media_url" not in seen:
        yield {"name": "the media host", "good": False, "detail": "not looked at: there was no upload to look for"}
        return
    yield from _attack(demo, seen["media_url"], shared, f"https://s3.{url.hostname}")
    yield from deletion.checks(demo, visit)


def _attack(demo: Demo, media_url: str, shared: dict[str, Any], store: str) -> Iterator[dict[str, Any]]:
    inside = demo.inside(demo.first("minio").container)
    for report in ship.run(
        inside, "store", {"method": "PUT", "url": signed(demo, INTERNAL, "put_object", ARCHIVE), "data": CONTENT}
    ):
        if "facts" not in report:
            yield {**report, "name": "put an archive into the bucket"}
    attack = {
        **shared,
        "media_url": media_url,
        "signed_url": signed(demo, store, "get_object", unquote(urlsplit(media_url).path).lstrip("/")),
        "signed_archive": signed(demo, store, "get_object", ARCHIVE),
        "archive": ARCHIVE,
        "bucket": BUCKET,
        "addresses": [address for host in demo.hosts for address in host.addresses],
        "ports": CLOSED,
    }
    yield from ship.run(demo.outside(), "attack", attack)
    for report in ship.run(
        inside, "store", {"method": "DELETE", "url": signed(demo, INTERNAL, "delete_object", ARCHIVE)}
    ):
        if "facts" not in report:
            yield {**report, "name": "take the archive out again"}
