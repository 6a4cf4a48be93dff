# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others do while a move is going on: disturb.py WHAT."""

from __future__ import annotations

import sys

import truth


def copied() -> list[str]:
    """Files of the old store alone that are at the new one, in order."""
    client = truth.store("new")
    there = {
        entry["Key"]
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=truth.BUCKET)
        for entry in page.get("Contents", [])
    }
    return sorted(key for key in only_in_old_store() if key in there)


def only_in_old_store() -> list[str]:
    """Files of the old store that are nowhere else among the old places, and not deleted."""
    gone = truth.deleted()
    files = (key for key, where in truth.held().items() if where == "old" and key not in gone)
    return [key for key in files if not (truth.DISK / key).exists()]


def films(number: int) -> list[str]:
    """Copied videos."""
    found = [key for key in copied() if key.endswith(".mp4")]
    assert len(found) >= number, found
    return found[:number]


def damage(key: str, body: bytes) -> None:
    """Put something else in the place of a copy."""
    assert body != truth.content(key)
    # Readers get to see the new store first, so they are told to look elsewhere until it is mended.
    truth.write("damaged.json", sorted(truth.damaged() | {key}))
    truth.put(truth.store("new"), key, body)


def flipped(key: str) -> bytes:
    """The right bytes but for one bit."""
    body = bytearray(truth.content(key))
    body[len(body) // 2] ^= 1
    return bytes(body)


def damage_films() -> None:
    """A video that lost its end, and one with another bit; neither has been proven yet, and no tag is an MD5."""
    short, other = films(2)
    damage(short, truth.content(short)[:-1000])
    damage(other, flipped(other))


def damage_proven() -> None:
    """The same after everything was proven, and a small one. Of headers those of all large files are compared."""
    short, other, bare = films(3)
    damage(short, truth.content(short)[: 6 * truth.MIB])
    damage(other, flipped(other))
    small = next(key for key in copied() if not key.endswith(".mp4"))
    damage(small, flipped(small))
    truth.write("damaged.json", sorted(truth.damaged() | {bare}))
    truth.put(truth.store("new"), bare, bare=True)


def app_uploads(where: str, word: str, number: int) -> None:
    """Mastodon stores new files."""
    client = truth.store(where)
    keys = [f"media_attachments/files/{word}/{each:03}/original/new.png" for each in range(number)]
    for key in keys:
        truth.put(client, key)
    truth.write("held.json", {**truth.held(), **dict.fromkeys(keys, "app")})


def app_deletes(where: str, keys: list[str]) -> None:
    """Mastodon deletes files: readers stop to ask for them first."""
    truth.write("deleted.json", sorted(truth.deleted() | set(keys)))
    client = truth.store(where)
    for key in keys:
        client.delete_object(Bucket=truth.BUCKET, Key=key)


def delete_early() -> None:
    """While copying: some that were copied already, and some that were not."""
    there = set(copied())
    missing = [key for key in only_in_old_store() if key not in there]
    app_deletes("old", sorted(there)[:5] + sorted(missing)[:5])


WHAT = {
    "damage-films": damage_films,
    "damage-proven": damage_proven,
    "delete-early": delete_early,
    # Before the switch the app writes to the old store.
    "before-switch": lambda: (app_uploads("old", "late", 10), app_deletes("old", copied()[10:17])),
    "last-before-switch": lambda: (app_uploads("old", "last", 10), app_deletes("old", copied()[:8])),
    # After it to the new one.
    "after-switch": lambda: (app_uploads("new", "app", 10), app_deletes("new", copied()[:6])),
    "believe-mended": lambda: truth.write("damaged.json", []),
    "upload-early": lambda: app_uploads("new", "early", 5),
}

if __name__ == "__main__":
    WHAT[sys.argv[1]]()
