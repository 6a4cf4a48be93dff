# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is deleted, or taken down by moderators, is not shown: not from the cache, and not from a place that has it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.e2e import ship
from tests.e2e.demo import Demo
from tests.e2e.links import INTERNAL, signed

CACHE = "/var/cache/nginx-media"
EMPTY = f"systemctl stop nginx-media && find {CACHE} -mindepth 1 -delete && systemctl start nginx-media"


class Visitor:
    """Somebody outside with a browser, and what he has posted."""

    def __init__(self, demo: Demo, visit: dict[str, Any]) -> None:
        self.demo, self.visit = demo, visit
        self.seen: dict[str, Any] = {}

    def does(self, step: str, name: str = "", status: int = 0) -> Iterator[dict[str, Any]]:
        """Yield what a step reports; keep its facts for the next."""
        config = {**self.visit, **self.seen, "step": step, "name": name, "status": status}
        for report in ship.run(self.demo.outside(), "deletion", config):
            self.seen.update(report.get("facts", {}))
            if "facts" not in report:
                yield report


def checks(demo: Demo, visit: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the reports of all steps; without a post there is nothing to look at."""
    for look in (_deleted, _taken_down):
        visitor = Visitor(demo, visit)
        yield from visitor.does("post")
        if "post" in visitor.seen:
            yield from look(visitor)


def _deleted(visitor: Visitor) -> Iterator[dict[str, Any]]:
    demo = visitor.demo
    yield from visitor.does("delete", "a deleted picture is gone from the media host", 404)
    # An older place that nobody may write to is not deleted from: here the own store gets the file back.
    key = unquote(urlsplit(visitor.seen["media_url"]).path).lstrip("/")
    yield from _store(demo, "PUT", signed(demo, INTERNAL, "put_object", key), "an old place has the picture still")
    yield _inside(demo, "nginx_media", ["sh", "-c", EMPTY], "empty the cache")
    yield from visitor.does("look", "it stays gone without the cache, although a place has it", 404)
    yield from _store(demo, "DELETE", signed(demo, INTERNAL, "delete_object", key), "take it out again")


def _taken_down(visitor: Visitor) -> Iterator[dict[str, Any]]:
    """What Mastodon writes into the database, without the letter to its author."""
    yield _mark(visitor, "now()", "a moderator takes the post down")
    yield from visitor.does("wait", "a picture that moderators took down is not shown", 404)
    yield _mark(visitor, "NULL", "the appeal is granted")
    yield from visitor.does("wait", "after the appeal it is shown again", 200)
    yield from visitor.does("delete", "and deleted, it is gone", 404)


def _mark(visitor: Visitor, when: str, name: str) -> dict[str, Any]:
    statement = f"UPDATE statuses SET deleted_at = {when} WHERE id = {int(visitor.seen['post'])}"
    psql = ["runuser", "-u", "postgres", "--", "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", "mastodon_production"]
    return _inside(visitor.demo, "postgres", [*psql, "-c", statement], name)


def _inside(demo: Demo, group: str, command: list[str], name: str) -> dict[str, Any]:
    done = subprocess.run([*demo.inside(demo.first(group).container), *command], capture_output=True, text=True)
    return {"name": name, "good": done.returncode == 0, "detail": done.stderr.strip()[-400:] or "done"}


def _store(demo: Demo, method: str, url: str, name: str) -> Iterator[dict[str, Any]]:
    config = {"method": method, "url": url, **({"data": "fediops-e2e"} if method == "PUT" else {})}
    for report in ship.run(demo.inside(demo.first("minio").container), "store", config):
        yield {"name": name, "good": True, "detail": "done"} if "facts" in report else {**report, "name": name}
