# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill the old store and the old directory; a few files are in both, and archives are in neither public prefix."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import truth

ENDINGS = ("png", "jpg", "webp")


def names(small: int, large: int) -> dict[str, str]:
    """Four fifths in the store, half of them other servers' media; one fifth in the directory."""
    found = {}
    for number in range(small):
        part = f"{number // 1000:03}/{number % 1000:03}/original/{number:06x}.{ENDINGS[number % 3]}"
        if number % 5 == 4:
            found[f"media_attachments/files/{part}"] = "disk"
        elif number % 5 >= 2:
            found[f"cache/media_attachments/files/{part}"] = "old"
        else:
            found[f"{'accounts/avatars' if number % 2 else 'media_attachments/files'}/{part}"] = "old"
    for number in range(large):
        where = "disk" if number % 10 == 9 else "old"
        found[f"media_attachments/files/{where}/{number:03}/original/film.mp4"] = where
    for number in range(3):
        found[f"backups/dumps/000/{number:03}/original/archive.zip"] = "old"
    return found


def fill(part: list[tuple[str, str]]) -> int:
    """Write some of the files."""
    client = truth.store("old")

    def one(each: tuple[str, str]) -> None:
        key, where = each
        if where == "old":
            truth.put(client, key)
        if where == "disk" or hash(key) % 100 == 0:
            path = truth.DISK / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(truth.content(key))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(one, part))
    return len(part)


def main() -> None:
    """Fill both."""
    (truth.HERE / "given.json").write_text(sys.stdin.read())
    (truth.HERE / "given.json").chmod(0o600)
    told = truth.given()
    files = names(told["small"], told["large"])
    everything = list(files.items())
    with ProcessPoolExecutor(2) as pool:
        print(sum(pool.map(fill, [everything[0::2], everything[1::2]])))
    (truth.HERE / "held.json").write_text(json.dumps(files))


if __name__ == "__main__":
    main()
