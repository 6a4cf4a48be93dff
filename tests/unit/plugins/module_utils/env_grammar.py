# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reader of Compose env files, written from the grammar that Compose documents and not from what we write.

It does what tests need: one variable a line, interpolation of nothing (a dollar outside quotes is an error here, since
in Compose it would be replaced), and the rules for quotes, comments and backslashes.
"""

from __future__ import annotations

import re


def read(text: str) -> dict[str, str]:
    """Return the variables of a file; raise ValueError where Compose would see something else than one plain value."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = re.fullmatch(r"(?:export\s+)?([A-Za-z0-9_.\-\[\]]+)[=:](.*)", line)
        if match is None:
            raise ValueError(f"no assignment: {line!r}")
        found[match[1]] = value(match[2])
    return found


def value(text: str) -> str:
    """Return what one right-hand side means."""
    text = text.lstrip(" \t")
    if text[:1] == "'":
        return single_quoted(text)
    if text[:1] == '"':
        raise ValueError("double quotes are not used by this collection: they interpolate")
    plain = text.split(" #", 1)[0].rstrip()
    if "$" in plain:
        raise ValueError("a dollar outside of quotes would be replaced")
    return plain


def single_quoted(text: str) -> str:
    """Everything stands for itself, but a backslash before a quote makes it part of the value."""
    chars: list[str] = []
    escaped = False
    for position, char in enumerate(text[1:], start=1):
        if char == "'" and not escaped:
            if text[position + 1 :].strip():
                raise ValueError("something follows the closing quote")
            return "".join(chars)
        if char == "\\" and not escaped:
            escaped = True
            continue
        if escaped and char != "'":
            chars.append("\\")
        chars.append(char)
        escaped = False
    raise ValueError("the quote is not closed")
