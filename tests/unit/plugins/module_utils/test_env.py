# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written into an env file is what Compose reads out of it."""

from __future__ import annotations

import env_grammar
import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _env
from hypothesis import assume, given
from hypothesis import strategies as st

NASTY = st.text(alphabet="ab1 #$'\"\\{}=:%!&~`()[]?*;|<>@,./-_^+é€\u00a0\u3000", max_size=24)


def written(value: str) -> str:
    """The text of a file with one variable; a value that cannot be written is no case of the test."""
    try:
        return _env.render({"X": value})
    except _env.EnvError:
        assume(False)
        raise


@given(NASTY)
def test_a_value_survives(value: str) -> None:
    assume(value)
    assert env_grammar.read(written(value)) == {"X": value}


@given(st.text())
def test_any_text_is_written_exactly_or_refused(value: str) -> None:
    text = written(value)
    assert env_grammar.read(text) == ({"X": value} if value else {})
    assert text.count("\n") == (1 if value else 0)


@given(st.dictionaries(st.from_regex(r"[A-Z][A-Z0-9_]{0,9}", fullmatch=True), NASTY, max_size=6))
def test_a_value_never_leaks_into_its_neighbour(variables: dict[str, str]) -> None:
    try:
        text = _env.render(variables)
    except _env.EnvError:
        assume(False)
        raise
    kept = {name: value for name, value in variables.items() if value or name in _env.EMPTY_MEANS_SOMETHING}
    assert env_grammar.read(text) == kept


@pytest.mark.parametrize("value", [None, "", [], ()])
def test_nothing_is_left_out(value: object) -> None:
    assert _env.render({"WEB_DOMAIN": value, "DB_HOST": "db"}) == "DB_HOST=db\n"


def test_an_empty_text_that_is_a_setting_is_kept() -> None:
    assert _env.render({"S3_PERMISSION": "", "UPDATE_CHECK_URL": ""}) == "S3_PERMISSION=\nUPDATE_CHECK_URL=\n"
    assert _env.render({"S3_PERMISSION": None}) == ""


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (True, "X=true"),
        (False, "X=false"),
        (0, "X=0"),
        (5432, "X=5432"),
        (["a", "b"], "X=a,b"),
        ("A-Za_z0=", "X=A-Za_z0="),
        ("two words", "X='two words'"),
        ("$HOME", "X='$HOME'"),
        ("it's", "X='it\\'s'"),
        ("a\\b", "X='a\\b'"),
        ("#start", "X='#start'"),
        ("https://s3.example.org", "X=https://s3.example.org"),
    ],
)
def test_how_it_looks(value: object, line: str) -> None:
    assert _env.render({"X": value}) == f"{line}\n"


@pytest.mark.parametrize("value", ["two\nlines", "cr\r", "nul\0", "tab\t", "end\\", "before\\'quote", "\\", "\u2028"])
def test_what_cannot_be_written_is_refused_without_showing_it(value: str) -> None:
    with pytest.raises(_env.EnvError) as refused:
        _env.render({"DB_PASS": value})
    assert "DB_PASS" in str(refused.value)
    assert value not in str(refused.value)


@pytest.mark.parametrize("variables", [{"": "x"}, {"1A": "x"}, {"A B": "x"}, {"A=B": "x"}, {"A\n": "x"}])
def test_names(variables: dict[str, str]) -> None:
    with pytest.raises(_env.EnvError, match="not a name"):
        _env.render(variables)


@pytest.mark.parametrize("value", [1.5, {"a": 1}, b"bytes", [{"a": 1}]])
def test_types(value: object) -> None:
    with pytest.raises(_env.EnvError, match="holds text"):
        _env.render({"X": value})
