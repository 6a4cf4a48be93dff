# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which static files of the app the front serves, and from which release. PRIVATE to the collection.

Files whose names carry their content never clash between releases; of all others the newest release's counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

# Below the app's public directory. Its uploads (system) are another service's, its service worker must be today's.
FOLDERS = ("packs", "assets", "emoji", "sounds", "ocr", "avatars", "headers")
FILES = ("500.html", "oops.png", "oops.gif")
# Only people with open developer tools ask for these, and the app has them.
SOURCE_MAPS = (".map", ".map.br", ".map.gz", ".map.zst")


def is_safe(name: str) -> bool:
    """Tell whether a name from an archive stays below the directory that it is unpacked in."""
    parts = name.split("/")
    return name != "" and "\0" not in name and "\\" not in name and all(part not in ("", ".", "..") for part in parts)


def exported(member: str) -> str | None:
    """Return the name below public/ of a member that docker cp shows, None when the front does not serve it."""
    root, _slash, name = member.partition("/")
    if root != "public" or not is_safe(name) or name.endswith(SOURCE_MAPS):
        return None
    return name if name in FILES or ("/" in name and name.split("/")[0] in FOLDERS) else None


def order(known: Sequence[str], newest: str, keep: int) -> list[str]:
    """Return the releases that stay, newest first; one that comes back after a rollback is the newest again."""
    return [newest, *(release for release in known if release != newest)][:keep]


def tree_name(releases: Sequence[str]) -> str:
    """Name the tree that these releases make together."""
    return hashlib.sha256("\n".join(releases).encode()).hexdigest()[:16]


def union(files: Mapping[str, Iterable[str]], releases: Sequence[str]) -> dict[str, str]:
    """Return for each file the newest release that has it; releases are newest first.

    Where one release has a file and an older one a directory of that name, or the other way round, the newer wins.
    """
    chosen: dict[str, str] = {}
    folders: set[str] = set()
    for release in releases:
        added: dict[str, str] = {}
        for name in files[release]:
            above = _above(name)
            if name not in chosen and name not in folders and not any(folder in chosen for folder in above):
                added[name] = release
        chosen.update(added)
        for name in added:
            folders.update(_above(name))
    return chosen


def _above(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]
