# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of a bucket are equal exactly when they do the same."""

from __future__ import annotations

import random
from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _bucket
from hypothesis import given
from hypothesis import strategies as st

# --- Lifecycle: a set of (where, what, when), however a store writes it down. ---

PREFIXES = ("", "cache/", "backups/dumps/")
DOING = st.sampled_from(
    [
        *((option, days) for option in ("objects_days", "old_versions_days", "uploads_days") for days in (1, 30)),
        ("delete_markers", True),
    ]
)
DEEDS = st.frozensets(st.tuples(st.sampled_from(PREFIXES), DOING), max_size=8)


def written(deeds: frozenset[Any], seed: int) -> list[dict[str, Any]]:
    """Write rules as some store might: the prefix here or there, merged, repeated, some switched off."""
    dice = random.Random(seed)
    rules: list[dict[str, Any]] = []
    for prefix, (option, value) in sorted(deeds, key=lambda _deed: dice.random()):
        _text, place, name = _bucket.ACTIONS[option]
        home: dict[str, Any] = dice.choice([{"Filter": {"Prefix": prefix}}, {"Prefix": prefix}])
        if not prefix and dice.random() < 0.5:
            home = {"Filter": {}}
        live = [rule for rule in rules if rule["Status"] == "Enabled" and place not in rule]
        mates = [rule for rule in live if _bucket._where(rule) == _bucket._where(home)]
        if mates and dice.random() < 0.5:
            dice.choice(mates)[place] = {name: value}
            continue
        rule = {"ID": str(dice.random()), "Status": "Enabled", **home, place: {name: value}}
        if place == "Expiration" and name == "Days" and dice.random() < 0.5:
            rule[place]["ExpiredObjectDeleteMarker"] = False
        rules += [rule] * dice.choice([1, 1, 2])
        rules += [{**rule, "Status": "Disabled", "Expiration": {"Days": 999}}] * dice.choice([0, 0, 1])
    dice.shuffle(rules)
    return rules


@given(DEEDS, DEEDS, st.integers(), st.integers())
def test_equal_exactly_when_they_delete_the_same(
    one: frozenset[Any], other: frozenset[Any], seed: int, another: int
) -> None:
    lines = [_bucket.lifecycle_lines(written(deeds, number)) for deeds, number in ((one, seed), (other, another))]
    assert (lines[0] == lines[1]) is (one == other)
    assert len(lines[0]) == len(one)


@given(DEEDS, st.integers())
def test_what_is_asked_for_is_what_is_sent(deeds: frozenset[Any], seed: int) -> None:
    wanted = [{"prefix": prefix, option: value} for prefix, (option, value) in deeds]
    sent = _bucket.lifecycle_rules(wanted)
    assert _bucket.lifecycle_lines(sent) == _bucket.lifecycle_lines(written(deeds, seed))
    assert len({rule["ID"] for rule in sent}) == len(sent)


@pytest.mark.parametrize(
    "more",
    [
        {"Filter": {"Prefix": "cache/", "ObjectSizeGreaterThan": 5}},
        {"Filter": {"And": {"Prefix": "cache/", "Tags": [{"Key": "a", "Value": "b"}]}}},
        {"Filter": {"Tag": {"Key": "a", "Value": "b"}}},
        {"Expiration": {"Date": "2030-01-01"}},
        {"NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 3}},
        {"Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]},
    ],
)
def test_what_we_have_no_word_for_is_a_difference(more: dict[str, Any]) -> None:
    known = {"Status": "Enabled", "Filter": {"Prefix": "cache/"}, "Expiration": {"Days": 7}}
    assert _bucket.lifecycle_lines([known]) == ["cache/: objects 7 days old"]
    assert _bucket.lifecycle_lines([{**known, **more}]) != ["cache/: objects 7 days old"]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({"prefix": ""}, "for the whole bucket deletes nothing"),
        ({"prefix": "a/", "objects_days": 0}, "objects_days 0"),
        ({"prefix": "a/", "objects_days": 1, "uploads_days": -1}, "uploads_days -1"),
    ],
)
def test_faults(rule: dict[str, Any], text: str) -> None:
    assert [fault for fault in _bucket.faults([rule]) if text in fault]


def test_good_rules_have_no_fault() -> None:
    assert _bucket.faults([{"prefix": "", "old_versions_days": 30, "delete_markers": True}]) == []
    assert _bucket.faults([]) == _bucket.faults(None) == []


# --- CORS: the first rule that fits decides, within a rule the order means nothing. ---

RULE = {
    "AllowedMethods": ["GET", "HEAD"],
    "AllowedOrigins": ["https://b", "https://a"],
    "AllowedHeaders": ["Range"],
    "ExposeHeaders": ["ETag"],
    "MaxAgeSeconds": 60,
}
LINE = "GET, HEAD from https://a, https://b; with range; showing etag; for 60 seconds"


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"ID": "x"}, True),
        ({"AllowedOrigins": ["https://a", "https://b", "https://a"]}, True),
        ({"AllowedHeaders": ["range"]}, True),
        ({"AllowedOrigins": ["https://a"]}, False),
        ({"AllowedMethods": ["GET"]}, False),
        ({"AllowedHeaders": []}, False),
        ({"ExposeHeaders": []}, False),
        ({"MaxAgeSeconds": 61}, False),
        ({"MaxAgeSeconds": 0}, False),
    ],
)
def test_cors(change: dict[str, Any], same: bool) -> None:
    assert (_bucket.cors_lines([{**RULE, **change}]) == [LINE]) is same


def test_order_of_cors_rules_counts_and_repetition_does_not() -> None:
    other = {**RULE, "AllowedOrigins": ["*"]}
    assert _bucket.cors_lines([RULE, other]) != _bucket.cors_lines([other, RULE])
    assert _bucket.cors_lines([RULE, other, RULE]) == _bucket.cors_lines([RULE, other])
    assert _bucket.cors_lines(None) == []


def test_cors_that_is_asked_for_is_sent() -> None:
    asked = {"origins": ["*"], "methods": ["GET"], "headers": None, "expose": [], "max_age": None}
    assert _bucket.cors_rules([asked]) == [{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}]


# --- Blocks and ownership. ---


@pytest.mark.parametrize("name", _bucket.PUBLIC_ACCESS)
def test_public_access(name: str) -> None:
    blocks = _bucket.PUBLIC_ACCESS[name]
    assert _bucket.public_access(blocks) == name
    assert blocks["BlockPublicAcls"] and blocks["IgnorePublicAcls"], "ACLs open nothing"
    for block in blocks:
        assert _bucket.public_access({**blocks, block: not blocks[block]}) != name


def test_other_blocks_in_words() -> None:
    assert _bucket.public_access(None) == "nothing is blocked"
    assert _bucket.public_access({"BlockPublicPolicy": True}) == "BlockPublicPolicy"


def test_ownership() -> None:
    assert _bucket.ownership([{"ObjectOwnership": "ObjectWriter"}]) == "ObjectWriter"
    assert _bucket.ownership(None) == _bucket.ownership([]) == "not set"
