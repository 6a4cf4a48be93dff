# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is: engine, depot and what it offers, test beds and their hosts."""

from __future__ import annotations

import json

from tests.hosts import beds
from tests.hosts.engine import Engine
from tests.hosts.layout import Layout

WIDTH = 10


def row(word: str, text: str) -> str:
    """One aligned line."""
    return f"{word:<{WIDTH}} {text}"


def lines(engine: Engine | None, layout: Layout) -> list[str]:
    """The whole picture."""
    if engine is None:
        return [row("engine", "none answers; 'up' and 'depot' find or start one")]
    whose = "our own" if engine.own else "the user's"
    found = [row("engine", f"{engine.socket} ({whose})"), row("cache", str(layout.cache))]
    found.append(row("depot", beds.state_of(engine, layout.depot) or "none"))
    found += offers(layout)
    for host in beds.hosts(engine, layout):
        found.append(row("host", f"{host.name:<12} bed {host.bed:<12} {host.suite} {host.address:<15} {host.state}"))
    return found


def offers(layout: Layout) -> list[str]:
    """Which programs and images the depot holds: the real ones or stand-ins."""
    file = layout.build / "depot.json"
    if not file.exists():
        return []
    return [row("offers", title) for title in json.loads(file.read_text(encoding="utf-8"))["titles"]]
