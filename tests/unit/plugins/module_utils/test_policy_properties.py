# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy is a set of single grants; however it is written down, the set must come back."""

from __future__ import annotations

import random
from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils import _policy
from hypothesis import given
from hypothesis import strategies as st
from policy_words import BUCKET, document, same

# Each condition in several ways to write it.
CONDITIONS: tuple[tuple[Any, ...], ...] = (
    (None, {}),
    ({"Bool": {"aws:SecureTransport": "true"}}, {"Bool": {"AWS:securetransport": [True]}}),
    ({"StringEquals": {"s3:prefix": ["a", "b"]}}, {"StringEquals": {"s3:prefix": ["b", "a", "b"]}}),
    (
        {"StringEquals": {"s3:prefix": ["a"]}, "IpAddress": {"aws:SourceIp": "10.0.0.1"}},
        {"IpAddress": {"aws:SourceIp": ["10.0.0.1/32"]}, "StringEquals": {"s3:prefix": "a"}},
    ),
    ({"NumericLessThan": {"s3:max-keys": 10}}, {"NumericLessThan": {"s3:max-keys": "10"}}),
)
# A tuple is what a Not... element holds: all but these, in one piece.
FIELDS: tuple[tuple[Any, ...], ...] = (
    ("Allow", "Deny"),
    (
        "*",
        "123456789012",
        "arn:aws:iam::123456789012:user/u",
        ("123456789012",),
        ("123456789012", "arn:aws:iam::123456789012:user/u"),
    ),
    ("s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:*", ("s3:GetObject",), ("s3:GetObject", "s3:PutObject")),
    (BUCKET, f"{BUCKET}/*", f"{BUCKET}/accounts/*", (f"{BUCKET}/backups/*",), (f"{BUCKET}/a,b", f"{BUCKET}/c")),
    tuple(range(len(CONDITIONS))),
)
GRANT = st.tuples(*(st.sampled_from(field) for field in FIELDS))
GRANTS = st.frozensets(GRANT, max_size=8)


def value(dice: random.Random, members: list[str]) -> Any:
    """Write one or more members as a store might: in any order, some twice, one of them without its list."""
    members = members + dice.sample(members, dice.randrange(len(members)))
    dice.shuffle(members)
    return members[0] if len(members) == 1 and dice.random() < 0.5 else members


def principals(dice: random.Random, names: list[str]) -> Any:
    """Write principals in one of their forms."""
    if names == ["*"]:
        return dice.choice(["*", ["*"], {"AWS": "*"}, {"AWS": ["*"]}])
    root = f"arn:{dice.choice(['aws', 'aws-cn', 'aws-us-gov'])}:iam::123456789012:root"
    return {"AWS": value(dice, [dice.choice([name, root]) if name == "123456789012" else name for name in names])}


def actions(dice: random.Random, names: list[str]) -> Any:
    """Write actions in some mixture of cases."""
    return value(dice, [dice.choice([name, name.lower(), name.upper()]) for name in names])


WRITERS = {"Principal": principals, "Action": actions, "Resource": value}


def written(grants: frozenset[Any], seed: int) -> dict[str, Any]:
    """Write a set of grants down in one of many ways: merged or split, shuffled, repeated, with Sids and odd cases."""
    dice = random.Random(seed)
    left = sorted(grants, key=lambda _grant: dice.random())
    statements = []
    while left:
        first = left[0]
        # Merge what differs in nothing but the principal, the action or the resource; or merge nothing.
        axis = dice.choice([1, 2, 3, None])
        group = [
            grant
            for grant in left
            if axis is not None
            and all(grant[place] == first[place] for place in range(5) if place != axis)
            and not isinstance(grant[axis], tuple)
        ]
        group = group if first in group else [first]
        statement: dict[str, Any] = {"Effect": first[0]}
        for place, (name, write) in enumerate(WRITERS.items(), start=1):
            if isinstance(first[place], tuple):
                statement[f"Not{name}"] = write(dice, list(first[place]))
            else:
                statement[name] = write(dice, list({grant[place] for grant in group}))
        condition = dice.choice(CONDITIONS[first[4]])
        if condition is not None:
            statement["Condition"] = condition
        sid = dice.choice([None, "", "Anything"])
        if sid is not None:
            statement["Sid"] = sid
        statements += [statement] * dice.choice([1, 1, 2])
        left = [grant for grant in left if grant not in group]
    dice.shuffle(statements)
    return document(*statements)


@given(GRANTS, st.integers(), st.integers())
def test_the_way_of_writing_makes_no_difference(grants: frozenset[Any], one: int, other: int) -> None:
    assert same(written(grants, one), written(grants, other))


@given(GRANTS, GRANTS, st.integers(), st.integers())
def test_equal_exactly_when_the_grants_are(grants: frozenset[Any], others: frozenset[Any], one: int, two: int) -> None:
    assert same(written(grants, one), written(others, two)) is (grants == others)


@given(GRANTS, GRANT, st.integers(), st.integers())
def test_one_grant_more_or_less_is_a_difference(grants: frozenset[Any], grant: Any, one: int, two: int) -> None:
    assert not same(written(grants - {grant}, one), written(grants | {grant}, two))


@given(GRANTS, GRANT, st.data(), st.integers(), st.integers())
def test_one_word_of_one_grant_is_a_difference(
    grants: frozenset[Any], grant: Any, data: st.DataObject, one: int, two: int
) -> None:
    place = data.draw(st.sampled_from(range(len(FIELDS))))
    other = data.draw(st.sampled_from([word for word in FIELDS[place] if word != grant[place]]))
    changed = (*grant[:place], other, *grant[place + 1 :])
    rest = grants - {grant, changed}
    assert not same(written(rest | {grant}, one), written(rest | {changed}, two))


@given(GRANTS, GRANTS, st.booleans(), st.integers())
def test_a_plan_reaches_what_is_wanted_and_then_rests(
    now: frozenset[Any], wanted: frozenset[Any], purge: bool, seed: int
) -> None:
    current, target = written(now, seed), written(wanted, seed + 1)
    plan = _policy.plan(current, target, purge=purge)
    reached = plan.document
    assert _policy.atoms(target) <= _policy.atoms(reached)
    assert not purge or same(reached or document(), target)
    assert not _policy.plan(reached, target, purge=purge).changed
    assert bool(plan.added or plan.removed) is plan.changed
