#!/usr/bin/env python3
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delete, and take down, as Mastodon would write it into its database and tell the media host; then visit by all names.

Prints the seconds that each thing took.
"""

from __future__ import annotations

import http.client
import json
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import psycopg2
from visit import HELD, empty_cache, fetch

PATIENCE = 60.0
CANONICAL = "media.mastodon.localhost"
AVATAR = "accounts/avatars/000/000/007/original/a.png"
# Of the app's tables what the media host may ask about.
TABLES = """
CREATE TABLE accounts (id bigint PRIMARY KEY, domain text, suspended_at timestamp, avatar_file_name varchar,
                       header_file_name varchar);
CREATE TABLE statuses (id bigint PRIMARY KEY, deleted_at timestamp);
CREATE TABLE media_attachments (id bigint PRIMARY KEY, account_id bigint, status_id bigint, file_file_name varchar,
                                thumbnail_file_name varchar, remote_url varchar NOT NULL DEFAULT '');
"""
given: dict[str, Any] = json.load(sys.stdin)
stored: dict[str, Any] = json.loads(Path("/srv/given.json").read_text())
took: dict[str, float] = {}


def number(path: str) -> int:
    """Return the id that a path is about."""
    return int(path.split("/")[-3])


def status(name: str, path: str) -> int:
    """Return what a name says of a file; names of the past lead to the first one."""
    found, _body, location = fetch(name, f"/{path}", {})
    if found == 301:
        assert location == f"https://{CANONICAL}/{path}", location
        found, _body, _location = fetch(CANONICAL, f"/{path}", {})
    return found


def purge(path: str, secret: str | None = None) -> int:
    """Tell the media host as Mastodon does."""
    connection = http.client.HTTPSConnection(CANONICAL, timeout=20, context=ssl.create_default_context())
    try:
        headers = {} if secret is None else {"X-Bust-Secret": secret}
        connection.request("PURGE", f"/{path}", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


@contextmanager
def database() -> Iterator[Callable[[str], None]]:
    """Let the app write, in a transaction of its own."""
    connection = psycopg2.connect(
        host="127.0.0.1", dbname="mastodon_production", user="mastodon", password=given["app"]
    )
    try:
        with connection, connection.cursor() as cursor:
            yield cursor.execute
    finally:
        connection.close()


def until(what: str, wanted: int, *paths: str) -> None:
    """Wait until every name says the same of all files."""
    started = time.monotonic()
    for path in paths:
        for name in given["names"]:
            while (said := status(name, path)) != wanted:
                assert time.monotonic() - started < PATIENCE, f"{what}: {name}/{path} is {said}"
                time.sleep(0.5)
    took[what] = round(time.monotonic() - started, 1)


def everywhere(wanted: int, *paths: str) -> None:
    """See that every name says so already."""
    for path in paths:
        for name in given["names"]:
            assert status(name, path) == wanted, f"{name}/{path}: {status(name, path)}, not {wanted}"


def only(place: str) -> Iterator[str]:
    """Yield the pictures that one place alone has."""
    return (path for path, places in HELD.items() if places == [place] and path.endswith(".png"))


def store_of(number: int) -> Any:
    """Return a client of the own store, 0, or of the second."""
    return boto3.client(
        "s3",
        endpoint_url=stored["stores"][number],
        region_name="us-east-1",
        aws_access_key_id=stored["user"],
        aws_secret_access_key=stored["password"],
    )


def foreign(path: str) -> int:
    """Ask the last place itself."""
    connection = http.client.HTTPConnection("127.0.0.1", 9403, timeout=10)
    connection.request("GET", f"/{path}")
    return connection.getresponse().status


def deleted() -> None:
    """The row is gone, and the media host is told: the file is gone for ever, wherever it may still be."""
    last, second = next(only("foreign")), next(only("second"))
    kept = next(path for path in only("foreign") if path != last)
    everywhere(200, last, second, kept)
    for secret in (None, "molecule-secret-of-nobody"):
        assert purge(last, secret) == 403, "a bust without the secret is refused"
    with database() as write:
        write(f"DELETE FROM media_attachments WHERE id IN ({number(last)}, {number(second)})")
    for path in (last, second, kept):
        # Of the third the row is there: only its copy goes.
        assert purge(path, given["secret"]) in (200, 202, 204)
    until("deleted", 404, last, second)
    everywhere(200, kept)
    empty_cache()
    everywhere(404, last, second)
    everywhere(200, kept)
    assert foreign(last) == 200, "nobody may write to the last place: it has the file still"
    until_gone(1, second)


def until_gone(store: int, path: str) -> None:
    """Wait until a store that we may write to has the file no more."""
    started = time.monotonic()
    while store_of(store).list_objects_v2(Bucket="mastodon-media", Prefix=path)["KeyCount"]:
        assert time.monotonic() - started < PATIENCE, f"{path} is still in the second store"
        time.sleep(0.5)
    took["deleted in the second store"] = round(time.monotonic() - started, 1)


def taken_down() -> None:
    """A post that a moderator took down, and a suspended account: hidden, and back after the appeal."""
    post, other = [path for path in only("foreign") if status(CANONICAL, path) == 200][:2]
    store_of(0).put_object(Bucket="mastodon-media", Key=AVATAR, Body=b"avatar", ContentType="image/png")
    everywhere(200, post, other, AVATAR)
    with database() as write:
        write(f"UPDATE statuses SET deleted_at = now() WHERE id = {number(post)}")
        write("UPDATE accounts SET suspended_at = now() WHERE id = 7")
    until("taken down", 404, post, AVATAR)
    everywhere(200, other)
    empty_cache()
    everywhere(404, post, AVATAR)
    with database() as write:
        write("UPDATE statuses SET deleted_at = NULL")
        write("UPDATE accounts SET suspended_at = NULL")
    until("shown again", 200, post, AVATAR)


def main() -> int:
    """Fill the tables, and do it all."""
    with database() as write:
        write(TABLES)
        write("INSERT INTO accounts VALUES (1, NULL, NULL, NULL, NULL), (7, NULL, NULL, 'a.png', NULL)")
        for path in HELD:
            which, file = number(path), path.rpartition("/")[2]
            write(f"INSERT INTO statuses VALUES ({which}, NULL)")
            write(f"INSERT INTO media_attachments VALUES ({which}, 1, {which}, '{file}')")
    deleted()
    taken_down()
    print(json.dumps(took))
    return 0


if __name__ == "__main__":
    sys.exit(main())
