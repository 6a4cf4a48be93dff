# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A question is written when anything about it differs, and only then."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.fediops.mastodon.plugins.filter.postgres_questions import FilterModule
from ansible_collections.fediops.mastodon.plugins.module_utils._pg_questions import SEARCH_PATH, differing, signature
from ansible_collections.fediops.mastodon.plugins.module_utils._rules_postgres_questions import RULES

DATABASES = [{"name": "shop", "owner": "keeper"}]
ASKED: dict[str, Any] = {
    "name": "ours.list",
    "database": "shop",
    "arguments": "bigint",
    "returns": "TABLE (id bigint, word text)",
    "answer": "SELECT 1, '100 %'",
    "users": ["watch"],
}
ROW: dict[str, Any] = {
    "name": "ours.list",
    "body": ASKED["answer"],
    "owner": "keeper",
    "settings": [SEARCH_PATH],
    "arguments": "bigint",
    "returns": "TABLE(id bigint, word text)",
    "shape": "sql stable definer",
    "callers": ["keeper", "watch"],
    "guests": ["keeper", "postgres", "watch"],
    "visitors": ["keeper", "postgres", "watch"],
}


def wrong(*rows: dict[str, Any], **other: Any) -> list[dict[str, Any]]:
    return differing([{**ASKED, **other}], DATABASES, {"shop": list(rows)})


def test_what_is_right_is_left_alone() -> None:
    assert wrong(ROW) == []
    assert differing([], DATABASES, {}) == []


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("body", "SELECT 2"),
        ("owner", "postgres"),
        ("settings", None),
        ("settings", ["search_path=public"]),
        ("shape", "sql stable invoker"),
        ("returns", "boolean"),
        ("arguments", ""),
        ("callers", ["keeper", "public", "watch"]),
        ("callers", ["keeper"]),
        ("guests", ["keeper"]),
        ("visitors", ["keeper"]),
    ],
)
def test_whatever_differs_is_written_anew(part: str, value: Any) -> None:
    (found,) = wrong({**ROW, part: value})
    assert (found["name"], found["database"]) == ("ours.list", "shop")


def test_what_is_written_is_safe_before_anybody_sees_it() -> None:
    (found,) = wrong()
    text = "; ".join(found["statements"])
    for part in (
        "CREATE SCHEMA IF NOT EXISTS ours AUTHORIZATION keeper",
        "SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $answer$SELECT 1, '100 %'$answer$",
        "REVOKE ALL ON FUNCTION ours.list(bigint) FROM PUBLIC",
        "GRANT EXECUTE ON FUNCTION ours.list(bigint) TO watch",
        "GRANT CONNECT ON DATABASE shop TO watch",
    ):
        assert part in text
    assert "DROP" not in text


def test_another_signature_goes_and_strangers_lose_their_right() -> None:
    (found,) = wrong(ROW, {**ROW, "arguments": "text"})
    assert found["statements"][0] == "DROP FUNCTION ours.list(text)"
    (found,) = wrong({**ROW, "callers": ["keeper", "thief", "public"]})
    assert "REVOKE ALL ON FUNCTION ours.list(bigint) FROM PUBLIC, thief" in found["statements"]


def test_blanks_in_types_mean_nothing() -> None:
    assert signature(" TABLE ( id  bigint,word text )") == signature("table(id bigint, word text)")
    assert signature("bigint") != signature("big int")


def test_a_malformed_entry_is_told_by_its_key() -> None:
    ask = FilterModule().filters()["postgres_questions"]
    with pytest.raises(AnsibleFilterError, match="lacks 'users'"):
        ask([{name: value for name, value in ASKED.items() if name != "users"}], DATABASES, {"shop": [ROW]})


def faults(**other: Any) -> list[str]:
    variables = {
        "postgres_users": [{"name": "keeper"}, {"name": "watch"}],
        "postgres_databases": DATABASES,
        "postgres_questions": [{**ASKED, **other}],
    }
    return [fault.fault for rule in RULES for fault in rule(variables)]


def test_a_sound_question_has_no_fault() -> None:
    assert faults() == []


@pytest.mark.parametrize(
    ("part", "value", "told"),
    [
        ("name", "list", "not a schema of its own"),
        ("name", "public.list", "not a schema of its own"),
        ("name", "pg_ours.list", "not a schema of its own"),
        ("name", "ours.li;st", "not a schema of its own"),
        ("database", "other", "not in postgres_databases"),
        ("users", [], "nobody may ask"),
        ("users", ["thief"], "'thief' is not in postgres_users"),
        ("arguments", "bigint) RETURNS text --'", "are not types"),
        ("returns", " ", "are not types"),
        ("answer", "", "no SQL"),
        ("answer", "$answer$; DROP TABLE x", "no SQL"),
    ],
)
def test_what_would_not_be_a_question(part: str, value: Any, told: str) -> None:
    assert told in " ".join(faults(**{part: value}))
