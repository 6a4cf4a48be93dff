# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL's configuration text: what is written is what the server reads."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.fediops.mastodon.plugins.filter.postgres_conf import FilterModule
from ansible_collections.fediops.mastodon.plugins.module_utils._pg_conf import quote, settings_text
from hypothesis import given
from hypothesis import strategies as st


def read(text: str) -> str:
    """Read a quoted value the way PostgreSQL's guc-file.l does: '' is a quote, and a backslash hides the next."""
    assert re.fullmatch(r"'(?:[^'\\]|''|\\.)*'", text, re.DOTALL)
    return re.sub(r"''|\\(.)", lambda found: found[1] or "'", text[1:-1])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "on"),
        (False, "off"),
        (200, "200"),
        (0.05, "0.05"),
        ("512MB", "'512MB'"),
        ("", "''"),
        ("it's", "'it''s'"),
        ("C:\\n", "'C:\\\\n'"),
        (["127.0.0.1", "::1"], "'127.0.0.1,::1'"),
        ([], "''"),
    ],
)
def test_values(value: Any, text: str) -> None:
    assert quote(value) == text


@given(st.text(st.characters(min_codepoint=32, exclude_characters="\x7f")))
def test_every_text_comes_back(value: str) -> None:
    assert read(quote(value)) == value


@pytest.mark.parametrize("value", ["two\nlines", "nul\0", None, {"a": 1}, ["fine", "two\nlines"]])
def test_what_the_file_cannot_hold(value: Any) -> None:
    with pytest.raises(ValueError, match="a setting cannot"):
        quote(value)


def test_lines_keep_their_order() -> None:
    assert settings_text({"work_mem": "8MB", "jit": False}) == "work_mem = '8MB'\njit = off"


@pytest.mark.parametrize("settings", [{"Jit": 1}, {"a b": 1}, {"a\nb": 1}, {"": 1}, {"jit": None}, "text", None])
def test_the_filter_says_what_it_refuses(settings: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="postgres_conf"):
        FilterModule().filters()["postgres_conf"](settings)
