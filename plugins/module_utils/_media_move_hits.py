# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Since when nobody has needed an old place. PRIVATE to the collection.

The media hosts count what each origin answers, from zero after each restart; a timer on the host of the move writes the
counters down every hour: "# TIME HOST", then the lines as the media host says them to Prometheus.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

_HEAD = re.compile(r"# ([0-9]+) (\S+)\Z")
_FOUND = re.compile(r'nginx_media_origin_answers_total\{origin="([^"]+)",answer="found"\} ([0-9]+)\Z')
# Longer than this between two samples, nobody knows what happened in between.
GAP = 3 * 3600.0
DAY = 86400.0


@dataclass(frozen=True)
class Sample:
    """What a media host had counted at a time."""

    time: float
    host: str
    found: dict[str, int] = field(default_factory=dict)


def samples(text: str) -> list[Sample]:
    """Read samples; a line that is cut off is passed over."""
    found: list[Sample] = []
    for line in text.splitlines():
        head, count = _HEAD.match(line), _FOUND.match(line)
        if head:
            found.append(Sample(float(head[1]), head[2]))
        elif count and found:
            found[-1].found[count[1]] = int(count[2])
    return sorted(found, key=lambda sample: sample.time)


def quiet_since(seen: Iterable[Sample], host: str, origin: str, now: float) -> float:
    """Return the time since which a place is known not to have been needed by a media host."""
    since, last = now, None
    for sample in (each for each in seen if each.host == host):
        count = sample.found.get(origin, 0)
        if last is None or sample.time - last.time > GAP:
            since = sample.time
        else:
            # Lower than before: the host was restarted, and has counted from zero.
            before = last.found.get(origin, 0)
            if count != before and not (count == 0 and count < before):
                since = sample.time
        last = sample
    return now if last is None or now - last.time > GAP else since


def quiet_days(seen: Sequence[Sample], hosts: Sequence[str], origins: Sequence[str], now: float) -> dict[str, float]:
    """Return for each place the days for which no media host has needed it."""
    return {
        origin: min((now - quiet_since(seen, host, origin, now)) / DAY for host in hosts) if hosts else 0.0
        for origin in origins
    }


def hits(seen: Sequence[Sample], origin: str, since: float) -> int:
    """Return how often a place was needed since a time, as far as the samples tell."""
    total = 0
    last: dict[str, int] = {}
    for sample in seen:
        count = sample.found.get(origin, 0)
        before = last.get(sample.host)
        if before is not None and sample.time > since:
            total += count - before if count >= before else count
        last[sample.host] = count
    return total
