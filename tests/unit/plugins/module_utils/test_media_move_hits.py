# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Since when nobody has needed an old place."""

from __future__ import annotations

from ansible_collections.fediops.mastodon.plugins.module_utils import _media_move_hits as hits
from ansible_collections.fediops.mastodon.plugins.module_utils._media_move_hits import DAY, Sample

HOUR = 3600.0


def series(*counts: int, host: str = "tempo", start: float = 0.0, step: float = HOUR) -> list[Sample]:
    return [Sample(start + number * step, host, {"old": count}) for number, count in enumerate(counts)]


def test_samples_are_read_as_the_media_host_says_them() -> None:
    text = (
        "# 100 tempo\n"
        'nginx_media_origin_answers_total{origin="old",answer="found"} 7\n'
        'nginx_media_origin_answers_total{origin="old",answer="missing"} 9\n'
        "# 3700 tempo\n"
        'nginx_media_origin_answers_total{origin="old",answer="fou'
    )
    assert hits.samples(text) == [Sample(100, "tempo", {"old": 7}), Sample(3700, "tempo")]


def test_it_is_quiet_since_the_last_hit() -> None:
    assert hits.quiet_since(series(5, 5, 6, 6, 6), "tempo", "old", 4 * HOUR) == 2 * HOUR
    assert hits.quiet_since(series(0, 0, 0), "tempo", "old", 2 * HOUR) == 0


def test_a_restart_of_the_media_host_is_no_hit_and_hides_none() -> None:
    assert hits.quiet_since(series(6, 6, 0, 0), "tempo", "old", 3 * HOUR) == 0
    assert hits.quiet_since(series(6, 6, 2, 2), "tempo", "old", 3 * HOUR) == 2 * HOUR


def test_what_nobody_has_seen_is_not_called_quiet() -> None:
    assert hits.quiet_since([], "tempo", "old", 9.0) == 9.0
    assert hits.quiet_since(series(1, 1), "tempo", "old", 10 * HOUR) == 10 * HOUR
    gap = series(1, 1) + series(1, 1, start=20 * HOUR)
    assert hits.quiet_since(gap, "tempo", "old", 21 * HOUR) == 20 * HOUR


def test_every_media_host_has_to_be_quiet() -> None:
    seen = series(1, 1, 1) + series(1, 1, 2, host="second")
    now = 2 * HOUR
    assert hits.quiet_days(seen, ["tempo"], ["old"], now) == {"old": 2 * HOUR / DAY}
    assert hits.quiet_days(seen, ["tempo", "second"], ["old"], now) == {"old": 0}
    assert hits.quiet_days(seen, ["tempo", "third"], ["old"], now) == {"old": 0}
    assert hits.quiet_days(seen, [], ["old"], now) == {"old": 0}


def test_hits_are_added_up_over_restarts() -> None:
    assert hits.hits(series(5, 8, 2, 2, 3), "old", 0) == 3 + 2 + 1
    assert hits.hits(series(5, 8, 2, 2, 3), "old", 2 * HOUR) == 1
