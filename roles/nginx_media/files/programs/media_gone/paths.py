# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What paths of media say, and the names of the files that nginx looks for ("marks").

nginx works the same marks out of a request's path with a regular expression of its own (`map` in nginx.conf): the two
must agree to the letter, or what is deleted is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

_PATH = re.compile(r"/(?:[A-Za-z0-9@._-]+/)+[A-Za-z0-9@._-]+\Z")
_KIND = re.compile(r"(?:cache/)?[a-z_]+/[a-z_]+\Z")
_OBJECT = re.compile(
    r"(?P<top>/(?:cache/)?[a-z_]+/[a-z_]+/[0-9]{3}/[0-9]{3})/(?P<c>[0-9]{3})"
    r"(?:/(?P<d>[0-9]{3}))?(?:/(?P<e>[0-9]{3}))?(?:/(?P<f>[0-9]{3}))?"
    r"/(?P<style>[A-Za-z0-9@._-]+)/(?P<name>[A-Za-z0-9@._-]+)\Z"
)
_ATTACHMENT = re.compile(r"/(?:cache/)?media_attachments/")
_BIGGEST = 2**63 - 1
# The names that Mastodon gives to what it makes of an upload. Which of them exist is not in the database.
_MADE = ("small", "static")
_ENDS = ("png", "jpeg", "webp")


def clean(text: str) -> str:
    """Return the path of a key, a path or an address, with a leading slash; what is none raises ValueError."""
    path = urlsplit(text).path if "://" in text else "/" + text.lstrip("/")
    if not _PATH.match(path) or any(part in (".", "..") for part in path.split("/")):
        raise ValueError(f"{text!r} is not the name of a media file")
    return path


def is_public(path: str, prefixes: list[str]) -> bool:
    """Tell whether a path is below one of the prefixes that the media host shows."""
    return any(path.startswith(f"/{prefix.strip('/')}/") for prefix in prefixes)


def partition(number: int) -> list[str]:
    """Return the directories of an id, as Mastodon's library makes them: digits that fill no group are dropped."""
    digits = f"{number:09d}" if number < 10**9 else f"{number:012d}"
    return [digits[start : start + 3] for start in range(0, len(digits) - 2, 3)]


def candidates(groups: list[str]) -> list[int]:
    """Return all ids that have these directories: one, or up to a hundred where digits were dropped."""
    number = int("".join(groups))
    found = (number, *range(number * 10, number * 10 + 10), *range(number * 100, number * 100 + 100))
    return sorted({one for one in found if one <= _BIGGEST and partition(one) == groups})


def attachment_ids(path: str) -> list[int]:
    """Return the ids of media attachments that a path may belong to; none when it is something else's."""
    match = _OBJECT.match(path)
    if match is None or not _ATTACHMENT.match(path):
        return []
    return candidates([*match["top"].split("/")[-2:], *(match[group] for group in "cdef" if match[group])])


def attachment_ids_of(kind: str, number: int) -> list[int]:
    """Return all ids of media attachments that share an object's directories; none when it is something else."""
    return candidates(partition(number)) if _ATTACHMENT.match(f"/{kind}") else []


def mark(path: str) -> str:
    """Return the mark of a path: that of the object it belongs to, or, without an id, its own.

    Of the many directories of an id only two are left, for the sake of inodes.
    """
    match = _OBJECT.match(path)
    if match is None:
        # No object and no directory of marks ends like this.
        return f"{path},"
    return f"{match['top']}/{''.join(match[group] or '' for group in 'cdef')}"


def within(path: str) -> str:
    """Return what tells a file from the others of its object; "" for a path without an id."""
    match = _OBJECT.match(path)
    return "" if match is None else f"{match['style']},{match['name']}"


def object_mark(kind: str, number: int) -> str:
    """Return the mark of an object, such as ("media_attachments/files", 7)."""
    if not _KIND.match(kind) or not 0 <= number <= _BIGGEST:
        raise ValueError(f"{kind!r}, {number!r} is no object")
    first, second, *rest = partition(number)
    return f"/{kind}/{first}/{second}/{''.join(rest)}"


def files_of(kind: str, number: int, name: str) -> Iterator[str]:
    """Name the files that an object may have, each once; none when it is not known what they are called."""
    if not name:
        return
    base = f"/{kind}/{'/'.join(partition(number))}"
    stem = name.rpartition(".")[0] or name
    yield f"{base}/original/{name}"
    for style in _MADE:
        for made in dict.fromkeys((name, *(f"{stem}.{end}" for end in _ENDS))):
            yield f"{base}/{style}/{made}"
