# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows: what counts, what silence means, what a terminal is spared."""

from __future__ import annotations

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _acceptance as acceptance
from hypothesis import given
from hypothesis import strategies as st

LOOK = acceptance.Question("look", ("fedi",), "Look at the host")
FOUND = {"rows": [{"area": "web", "name": "Health", "status": "ok", "detail": "answered 200", "cure": ""}]}


def test_rows_get_the_host_that_was_asked() -> None:
    rows = acceptance.gather([LOOK], {"fedi": {"look": FOUND}})
    assert rows == [acceptance.Row("fedi", "web", "Health", "ok", "answered 200")]


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ({}, "was not asked"),
        ({"fedi": {}}, "was not asked"),
        ({"fedi": {"look": {"unreachable": True, "msg": "No route to host"}}}, "did not answer: No route to host"),
        ({"fedi": {"look": {"failed": True, "msg": "no python"}}}, "could not look: no python"),
    ],
)
def test_a_silent_host_is_red(results: dict[str, dict[str, object]], said: str) -> None:
    (row,) = acceptance.gather([LOOK], results)  # type: ignore[arg-type]  # looser than what Ansible gives
    assert (row.host, row.name, row.status) == ("fedi", "Look at the host", "fail")
    assert row.detail.startswith(said)
    assert row.cure


def test_a_look_that_nobody_was_asked_for_is_seen() -> None:
    (row,) = acceptance.gather([acceptance.Question("look", (), "Look from outside")], {})
    assert (row.name, row.status) == ("Look from outside", "warn")


@pytest.mark.parametrize("status", ["", "OK", "red", None])
def test_an_unknown_status_is_refused(status: object) -> None:
    with pytest.raises(ValueError, match="status is one of"):
        acceptance.row({"status": status})


def test_counts() -> None:
    rows = [acceptance.row({"status": status}) for status in ("ok", "fail", "ok")]
    assert acceptance.count(rows) == {"ok": 2, "warn": 0, "fail": 1}


@given(st.text())
def test_details_hold_nothing_that_a_terminal_obeys(text: str) -> None:
    line = acceptance.clean(text)
    assert line.isprintable()
    assert len(line) <= 300
    assert acceptance.clean(line) == line


def test_escape_sequences_are_cut() -> None:
    assert acceptance.clean("a\x1b[31mred\x07\r\nb\u202ec") == "a [31mred b c"
