# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person reads about a move. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

DOING = {"local": "copying uploads", "cache": "copying other servers' media", "compare": "comparing contents"}
NAMES = 20


def size(count: float) -> str:
    """Return bytes in words."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.2f} TiB"


def duration(seconds: float) -> str:
    """Return a time in words."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def progress(job: Mapping[str, Any], objects: int, done_bytes: int, elapsed: float) -> str:
    """Return how far a job is, in one line."""
    total, total_bytes = int(job["objects"]), int(job["bytes"])
    objects, done_bytes = min(objects, total), min(done_bytes, total_bytes)
    by_bytes = job["what"] != "compare" and total_bytes > 0 and done_bytes > 0
    share = done_bytes / total_bytes if by_bytes else objects / total if total else 1.0
    left = f", {duration(elapsed * (1 - share) / share)} left" if share > 0 and elapsed > 1 else ""
    copied = f", {size(done_bytes)} of {size(total_bytes)}" if job["what"] != "compare" else ""
    return f"{DOING[job['what']]}: {objects} of {total} objects{copied}, {share:.0%}{left}"


def listed(names: Sequence[str], total: int) -> str:
    """Return the first names, and how many there are."""
    shown = ", ".join(names[:NAMES])
    return f"{shown} and {total - NAMES} more" if total > NAMES else shown


def report(state: str, counts: Mapping[str, int], facts: Mapping[str, Any]) -> list[str]:
    """Return where the move is and what is to be done next, line by line."""
    lines = [
        f"State: {state}",
        f"Proven copies: {counts.get('proven', 0)} objects, {size(float(facts.get('bytes', 0)))}",
    ]
    for name, words in (
        ("kept", "the target has an object of its own under the name, which stays"),
        ("gone", "deleted since they were copied"),
        ("hidden", "hidden by an ACL at the source, and not copied, since the target's policy would show them"),
    ):
        if counts.get(name):
            lines.append(f"{name.capitalize()}: {counts[name]} objects ({words})")
    if facts.get("odd_count"):
        lines.append(f"Not movable, by their names: {listed(facts['odd'], facts['odd_count'])}")
    if facts.get("headers"):
        lines.append(f"Headers compared: {facts['headers']} objects")
    for name, days in sorted(facts.get("quiet", {}).items()):
        lines.append(f"{name}: nobody has needed it for {days:.1f} days; {facts['hits'].get(name, 0)} hits in 30 days")
    return lines + _next(state, facts)


def _next(state: str, facts: Mapping[str, Any]) -> list[str]:
    places = ", ".join(facts["from"])
    if state == "verified":
        return [
            "Everything is copied and proven. Next: let new uploads go to the new store (site.yml, and stop whatever",
            f"still writes to {places}), then run this again with -e media_move_switched=true",
        ]
    if state == "fallback":
        return [
            f"New files are at the new store; {places} stay behind it for what is asked for once in a while.",
            f"Run this again after {facts['quiet_days']} days without a hit.",
        ]
    if state == "retirable":
        return [f"Nobody needs {places} any more. To give them up: -e media_move_retire=true"]
    if state == "retired":
        return [
            f"Remove {places} from instance_media_origins, remove instance_media_move, and run site.yml.",
            "The old files are where they were: delete them whenever you like, after a last backup.",
        ]
    return []
