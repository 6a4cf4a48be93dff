# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a table stays inside its table, and what undoes a change does so exactly when nobody confirmed it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _nft
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    "content",
    [
        "",
        'chain a {\n    tcp dport { 22 } accept comment "brace } in quotes"\n}\n',
        'chain a { # a brace } in a comment, and a quote "\n}',
        'chain a {\n    accept comment "included"\n}',
        'chain a { accept comment "over\n} lines" }',
    ],
)
def test_content_that_stays_inside(content: str) -> None:
    assert _nft.problem("fediops", content) == ""


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("fediops", "}\nflush ruleset\ntable inet other {"),
        ("fediops", "chain a {"),
        ("fediops", "chain a { } }"),
        ("fediops", 'include "/etc/passwd"'),
        ("fediops", 'chain a { include "/etc/nftables.d/*" }'),
        ("fediops", '# "\n}\nflush ruleset\ntable inet x {\n# "'),
        ("fediops", 'chain a { accept comment "x\n" }\n}\nflush ruleset # "\n'),
        ("", ""),
        ("Mine", ""),
        ("a b", ""),
        ("a;b", ""),
        ("a\n", ""),
        ("x" * 33, ""),
    ],
)
def test_content_that_would_reach_out(name: str, content: str) -> None:
    assert _nft.problem(name, content)


@given(st.text())
def test_any_change_of_the_content_changes_the_comment_of_the_table(content: str) -> None:
    text = _nft.document("mine", content)
    assert text.count("table inet mine") == 3
    assert (
        text.split('comment "')[1].split('"')[0]
        != _nft.document("mine", f"{content} ").split('comment "')[1].split('"')[0]
    )


def test_one_transaction_replaces_the_table() -> None:
    lines = [line for line in _nft.document("mine", "chain a {\n}\n").splitlines() if not line.startswith("#")]
    assert lines[:3] == ["table inet mine", "delete table inet mine", "table inet mine {"]
    assert lines[-3:] == ["    chain a {", "    }", "}"]
    assert _nft.restoring("mine", None) == "table inet mine\ndelete table inet mine\n"
    assert _nft.restoring("mine", "table inet mine {\n}\n").endswith("delete table inet mine\ntable inet mine {\n}\n")


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A folder with the script, a table to go back to, and an nft that only writes down what it was asked."""
    state = tmp_path / "state"
    state.mkdir()
    (state / "rollback").write_text(_nft.ROLLBACK.format(state=state, name="mine"))
    (state / "before.nft").write_text("before\n")
    (state / "token").write_text("seven")
    nft = tmp_path / "nft"
    nft.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\n[ ! -e {tmp_path}/broken ] || [ "$1" != -f ]\n')
    nft.chmod(0o755)
    return tmp_path


def timer_ends(host: Path, token: str) -> str:
    """Run what the timer runs; return what it asked of nft."""
    path = f"{host}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["/bin/sh", host / "state" / "rollback", token], check=True, env={"PATH": path})
    asked = host / "asked"
    return asked.read_text() if asked.exists() else ""


def test_an_unconfirmed_table_is_taken_back_once(host: Path) -> None:
    assert timer_ends(host, "seven") == "-f before.nft\n"
    assert not (host / "state" / "token").exists()
    assert timer_ends(host, "seven") == "-f before.nft\n"


def test_a_confirmed_table_stays(host: Path) -> None:
    (host / "state" / "token").unlink()
    assert timer_ends(host, "seven") == ""


def test_the_timer_of_a_run_that_was_killed_is_void_when_another_run_has_loaded(host: Path) -> None:
    assert timer_ends(host, "six") == ""
    assert (host / "state" / "token").read_text() == "seven"


def test_a_table_that_cannot_be_brought_back_does_not_keep_the_door_shut(host: Path) -> None:
    (host / "broken").touch()
    assert timer_ends(host, "seven") == "-f before.nft\ndelete table inet mine\n"


def test_after_a_restart_there_is_nothing_to_take_back(host: Path) -> None:
    for file in (host / "state").iterdir():
        if file.name != "rollback":
            file.unlink()
    assert timer_ends(host, "seven") == ""
