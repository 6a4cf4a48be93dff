# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The acceptance as a table that a person likes to read. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Sequence

from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import FAIL, OK, WARN, Row, count

MARKS = {OK: "✔ OK  ", WARN: "▲ WARN", FAIL: "✘ FAIL"}
# No column but the last may take so much that nothing is left to say what was found.
WIDEST = 44
NARROWEST_DETAIL = 30
GAP = "  "
# The last line names so many red rows; whoever has more of them needs the table.
NAMED = 4


def width(text: str) -> int:
    """Return how many columns a terminal gives to the text: some letters take two, accents that follow take none."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def fit(text: str, columns: int) -> str:
    """Return the text in exactly so many columns."""
    if width(text) > columns:
        while text and width(text) > columns - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (columns - width(text))


def summary(rows: Sequence[Row]) -> str:
    """Return the last line, the one that a hurried reader reads."""
    if not rows:
        return "Nothing was looked at."
    counts = count(rows)
    parts = [f"{counts[OK]} ok"]
    if counts[WARN]:
        parts.append(f"{counts[WARN]} {'warning' if counts[WARN] == 1 else 'warnings'}")
    if counts[FAIL]:
        red = [f"{row.name} ({row.host})" for row in rows if row.status == FAIL]
        parts.append(f"{counts[FAIL]} failed: " + "; ".join(red[:NAMED]) + ("; …" if len(red) > NAMED else ""))
    mark = MARKS[FAIL if counts[FAIL] else WARN if counts[WARN] else OK].split()[0]
    return f"{mark} {', '.join(parts)}"


def render(rows: Sequence[Row], title: str = "", columns: int = 120) -> list[tuple[str, str]]:
    """Return the table's lines, each with the status that it speaks of ("" for the frame)."""
    host = _column(row.host for row in rows)
    name = _column(row.name for row in rows)
    indent = " " * (len(MARKS[OK]) + host + name + 3 * len(GAP))
    detail = max(columns - len(indent), NARROWEST_DETAIL)
    lines: list[tuple[str, str]] = [(title, ""), ("", "")] if title else []
    for area in dict.fromkeys(row.area for row in rows):
        lines.append((area, ""))
        for row in (each for each in rows if each.area == area):
            head = GAP.join((MARKS[row.status], fit(row.host, host), fit(row.name, name), ""))
            found = textwrap.wrap(row.detail, detail) or [""]
            if row.status != OK and row.cure:
                found += textwrap.wrap(f"→ {row.cure}", detail, subsequent_indent="  ")
            lines.append((f"{head}{found[0]}".rstrip(), row.status))
            lines += [(f"{indent}{more}", row.status) for more in found[1:]]
        lines.append(("", ""))
    counts = count(rows)
    verdict = FAIL if counts[FAIL] or not rows else WARN if counts[WARN] else OK
    return [*lines, (summary(rows), verdict)]


def _column(texts: Iterable[str]) -> int:
    return min(max((width(text) for text in texts), default=0), WIDEST)
