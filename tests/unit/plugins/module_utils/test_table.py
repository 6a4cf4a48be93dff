# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table: aligned whatever it holds, cures where something is wrong, and a last line that says it all."""

from __future__ import annotations

from ansible_collections.fediops.mastodon.plugins.module_utils import _table as table
from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Row
from hypothesis import given
from hypothesis import strategies as st

GOOD = Row("observer", "web", "Web health", "ok", "answered 200")
YELLOW = Row("-", "backup", "Backup", "warn", "no backup configured", "Make one")
RED = Row("fedi", "web", "Streaming", "fail", "connection refused: nothing listens there", "docker compose logs")


def lines(*rows: Row, columns: int = 100) -> list[str]:
    return [line for line, _status in table.render(rows, "Acceptance", columns)]


def test_the_whole_table() -> None:
    assert lines(GOOD, YELLOW, RED) == [
        "Acceptance",
        "",
        "web",
        "✔ OK    observer  Web health  answered 200",
        "✘ FAIL  fedi      Streaming   connection refused: nothing listens there",
        "                              → docker compose logs",
        "",
        "backup",
        "▲ WARN  -         Backup      no backup configured",
        "                              → Make one",
        "",
        "✘ 1 ok, 1 warning, 1 failed: Streaming (fedi)",
    ]


def test_every_line_says_how_bad_it_is() -> None:
    statuses = {line.split()[0]: status for line, status in table.render([GOOD, YELLOW, RED]) if line.strip()}
    assert statuses["✔"] == "ok"
    assert statuses["▲"] == "warn"
    assert statuses["→"] in ("warn", "fail")
    assert table.render([GOOD])[-1] == ("✔ 1 ok", "ok")
    assert table.render([GOOD, YELLOW])[-1] == ("▲ 1 ok, 1 warning", "warn")
    assert table.render([])[-1] == ("Nothing was looked at.", "fail")


def test_long_details_stay_in_their_column() -> None:
    row = Row("fedi", "web", "Health", "fail", "word " * 40, "cure " * 40)
    found = lines(row, columns=80)
    start = found[3].index("word")
    assert all(len(line) <= 80 for line in found[3:-2])
    assert all(line.startswith(" " * start) for line in found[4:-2])


def test_a_good_row_needs_no_cure() -> None:
    assert not any("→" in line for line in lines(Row("fedi", "web", "Health", "ok", "fine", "none")))


@given(st.text(), st.integers(min_value=1, max_value=60))
def test_a_column_has_its_width(text: str, columns: int) -> None:
    assert table.width(table.fit(text, columns)) == columns


def test_wide_letters_take_two_columns() -> None:
    assert table.fit("日本語", 4) == "日… "
    assert table.fit("e\u0301", 3) == "e\u0301  "


def test_the_last_line_stays_short() -> None:
    rows = [Row("fedi", "web", f"Row {number}", "fail", "broken") for number in range(20)]
    assert table.summary(rows) == "✘ 0 ok, 20 failed: Row 0 (fedi); Row 1 (fedi); Row 2 (fedi); Row 3 (fedi); …"
