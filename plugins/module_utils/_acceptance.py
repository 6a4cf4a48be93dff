# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the acceptance says about an instance: findings, rows, and what a host's silence means.

PRIVATE to the collection: no other code may rely on it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

OK = "ok"
WARN = "warn"
FAIL = "fail"
STATUSES = (OK, WARN, FAIL)


@dataclass(frozen=True)
class Finding:
    """What one look found. A probe that looks at several things names each of them."""

    status: str
    detail: str
    cure: str = ""
    name: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the table: who looked, at what, what was found, and what to do about it."""

    host: str
    area: str
    name: str
    status: str
    detail: str
    cure: str = ""


@dataclass(frozen=True)
class Question:
    """A look that a group of hosts was asked for: where its result was registered and what to call it."""

    register: str
    hosts: tuple[str, ...]
    what: str


def ok(detail: str, name: str = "") -> Finding:
    """Report that all is well."""
    return Finding(OK, detail, "", name)


def warn(detail: str, cure: str, name: str = "") -> Finding:
    """Report what the admin should look at in daylight."""
    return Finding(WARN, detail, cure, name)


def fail(detail: str, cure: str, name: str = "") -> Finding:
    """Report what is broken now."""
    return Finding(FAIL, detail, cure, name)


def clean(text: object, limit: int = 300) -> str:
    """Return one printable line: details quote what servers say, and a terminal obeys control characters."""
    printable = "".join(" " if unicodedata.category(letter).startswith(("C", "Z")) else letter for letter in str(text))
    line = " ".join(printable.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def row(fields: Mapping[str, Any], host: str = "") -> Row:
    """Make a row of what a module returned or a playbook wrote; refuse a status that the table does not know."""
    status = str(fields.get("status", ""))
    if status not in STATUSES:
        raise ValueError(f"a row's status is one of {', '.join(STATUSES)}, not {status!r}")
    return Row(
        host=clean(fields.get("host") or host),
        area=clean(fields.get("area", "")),
        name=clean(fields.get("name", "")),
        status=status,
        detail=clean(fields.get("detail", "")),
        cure=clean(fields.get("cure", "")),
    )


def answer(question: Question, host: str, result: Mapping[str, Any] | None) -> list[Row]:
    """Return the rows of one host's registered result; a host that gave none gets a red row that says so."""
    if result is None:
        return [_silent(host, question, "was not asked: an earlier task lost the host", "Read this run's output above")]
    if result.get("unreachable"):
        return [
            _silent(
                host,
                question,
                f"did not answer: {result.get('msg', 'no reason given')}",
                "See that the host is up and that ssh reaches it",
            )
        ]
    if result.get("failed"):
        return [
            _silent(
                host,
                question,
                f"could not look: {result.get('msg', 'no reason given')}",
                "The host needs Python 3.9 or later, and the check the right to become root there",
            )
        ]
    return [row(fields, host) for fields in result.get("rows", [])]


def _silent(host: str, question: Question, detail: str, cure: str) -> Row:
    return Row(clean(host), "hosts", question.what, FAIL, clean(detail), cure)


def gather(questions: Iterable[Question], results: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """Return all rows: `results` holds, for each host, its registered results by name."""
    rows: list[Row] = []
    for question in questions:
        if not question.hosts:
            rows.append(
                Row(
                    "-",
                    "hosts",
                    question.what,
                    WARN,
                    "no host was asked",
                    "Run without --limit, or put it on the hosts that should look",
                )
            )
        for host in question.hosts:
            rows += answer(question, host, results.get(host, {}).get(question.register))
    return rows


def count(rows: Sequence[Row]) -> dict[str, int]:
    """Return how many rows there are of each status."""
    return {status: sum(1 for each in rows if each.status == status) for status in STATUSES}


def as_data(rows: Sequence[Row]) -> list[dict[str, str]]:
    """Return the rows as plain data, for JSON and for modules' results."""
    return [asdict(each) for each in rows]
