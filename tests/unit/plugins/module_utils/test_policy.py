# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies are equal exactly when they say the same."""

from __future__ import annotations

import itertools
import json
import random
from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _policy, _policy_presets
from hypothesis import given
from hypothesis import strategies as st

NEW = "2012-10-17"
BUCKET = "arn:aws:s3:::media"


def document(*statements: dict[str, Any], version: str | None = NEW) -> dict[str, Any]:
    """Return a policy of these statements."""
    return {**({"Version": version} if version else {}), "Statement": list(statements)}


def allow(**elements: Any) -> dict[str, Any]:
    """Return a statement that lets anybody read, with some elements replaced; None removes one."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{BUCKET}/*", **elements}
    return {key: value for key, value in statement.items() if value is not None}


def same(one: Any, other: Any) -> bool:
    """Compare two documents, or two statements, by what they say."""
    documents = [each if "Statement" in each else document(each) for each in (one, other)]
    return _policy.atoms(documents[0]) == _policy.atoms(documents[1])


# --- Properties. A policy is a set of single grants; however it is written down, the set must come back. ---

CONDITIONS: tuple[Any, ...] = (
    None,
    {"Bool": {"aws:SecureTransport": "true"}},
    {"StringEquals": {"s3:prefix": ["a", "b"]}},
    {"StringEquals": {"s3:prefix": ["a"]}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
)
GRANT = st.tuples(
    st.sampled_from(["Allow", "Deny"]),
    st.sampled_from(
        [
            ("AWS", "*"),
            ("AWS", "123456789012"),
            ("AWS", "arn:aws:iam::123456789012:user/u"),
            ("Service", "logging.s3.amazonaws.com"),
        ]
    ),
    st.sampled_from(["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:*"]),
    st.sampled_from([BUCKET, f"{BUCKET}/*", f"{BUCKET}/accounts/*"]),
    st.sampled_from(range(len(CONDITIONS))),
)
GRANTS = st.frozensets(GRANT, max_size=8)


def value(dice: random.Random, members: list[str]) -> Any:
    """Write one or more members as a store might: in any order, some twice, one of them without its list."""
    members = members + dice.sample(members, dice.randrange(len(members)))
    dice.shuffle(members)
    return members[0] if len(members) == 1 and dice.random() < 0.5 else members


def principal(dice: random.Random, kind: str, name: str) -> Any:
    """Write a principal in one of its forms."""
    if name == "*":
        return dice.choice(["*", {"AWS": "*"}, {"AWS": ["*"]}])
    if name == "123456789012":
        return {kind: value(dice, [dice.choice([name, f"arn:{dice.choice(['aws', 'aws-cn'])}:iam::{name}:root"])])}
    return {kind: value(dice, [name])}


def written(grants: frozenset[Any], seed: int) -> dict[str, Any]:
    """Write a set of grants down in one of many ways: merged or split, shuffled, repeated, with Sids and odd cases."""
    dice = random.Random(seed)
    left = sorted(grants, key=lambda _grant: dice.random())
    statements = []
    while left:
        effect, who, _action, resource, number = left[0]
        # Merge what differs in nothing but the action, or what differs in nothing but the resource, or nothing.
        axis = dice.choice([2, 3, None])
        group = [
            grant
            for grant in left
            if axis is not None and all(grant[place] == left[0][place] for place in range(5) if place != axis)
        ] or left[:1]
        statement: dict[str, Any] = {
            "Effect": effect,
            "Principal": principal(dice, *who),
            "Action": value(dice, [dice.choice([grant[2], grant[2].lower(), grant[2].upper()]) for grant in group]),
            "Resource": value(dice, [grant[3] for grant in group] if axis == 3 else [resource]),
        }
        if CONDITIONS[number]:
            statement["Condition"] = CONDITIONS[number]
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


# --- What stores return, and what the best known comparison gets wrong. ---

EQUAL = [
    ("no Sid and an empty Sid", allow(), allow(Sid="")),
    ("no Sid and a null Sid", allow(), allow(Sid=None) | {"Sid": None}),
    ("case of an action", allow(Action="s3:GetObject"), allow(Action="S3:getobject")),
    ("an action twice", allow(Action="s3:GetObject"), allow(Action=["s3:GetObject", "s3:getObject"])),
    ("a statement twice", document(allow()), document(allow(), allow())),
    ("one statement without its list", document(allow()), {"Version": NEW, "Statement": allow()}),
    (
        "merged and split statements",
        document(allow(Action=["s3:GetObject", "s3:PutObject"])),
        document(allow(Action="s3:PutObject"), allow()),
    ),
    ("anybody, in three forms", allow(Principal="*"), allow(Principal={"AWS": ["*"]})),
    ("text and list", allow(Principal={"AWS": "*"}), allow(Principal={"AWS": ["*"]}, Action=["s3:GetObject"])),
    (
        "an account and its root",
        allow(Principal={"AWS": "123456789012"}),
        allow(Principal={"AWS": "arn:aws:iam::123456789012:root"}),
    ),
    (
        "a root in China",
        allow(Principal={"AWS": "123456789012"}),
        allow(Principal={"AWS": "arn:aws-cn:iam::123456789012:root"}),
    ),
    (
        "boolean and text",
        allow(Condition={"Bool": {"aws:SecureTransport": True}}),
        allow(Condition={"Bool": {"aws:SecureTransport": "True"}}),
    ),
    (
        "number and text",
        allow(Condition={"NumericLessThan": {"s3:max-keys": 10}}),
        allow(Condition={"NumericLessThan": {"s3:max-keys": "10"}}),
    ),
    (
        "fraction and text",
        allow(Condition={"NumericLessThan": {"s3:signatureAge": 1.5}}),
        allow(Condition={"NumericLessThan": {"s3:signatureAge": ["1.5"]}}),
    ),
    (
        "case of a condition key",
        allow(Condition={"StringEquals": {"aws:sourceVpc": "v"}}),
        allow(Condition={"StringEquals": {"AWS:SourceVPC": ["v"]}}),
    ),
    ("an empty condition", allow(), allow(Condition={})),
    ("no statement, in two forms", document(), {"Statement": None}),
    ("a missing version is the old one", document(allow(), version=None), document(allow(), version="2008-10-17")),
    ("the version where nothing depends on it", document(allow()), document(allow(), version=None)),
]

DIFFERENT = [
    ("effect", allow(), allow(Effect="Deny")),
    ("resource", allow(), allow(Resource=f"{BUCKET}/accounts/*")),
    ("case of a resource", allow(), allow(Resource="arn:aws:s3:::Media/*")),
    ("action and all but the action", allow(), allow(Action=None, NotAction="s3:GetObject")),
    (
        "principal and all but the principal",
        allow(Principal={"AWS": "123456789012"}),
        allow(Principal=None, NotPrincipal={"AWS": "123456789012"}),
    ),
    (
        "all but two, and all but one",
        allow(Action=None, NotAction=["s3:PutObject", "s3:GetObject"]),
        document(allow(Action=None, NotAction=["s3:PutObject"]), allow(Action=None, NotAction=["s3:GetObject"])),
    ),
    ("a condition", allow(), allow(Condition={"Bool": {"aws:SecureTransport": "true"}})),
    (
        "operator of a condition",
        allow(Condition={"StringEquals": {"s3:prefix": "a"}}),
        allow(Condition={"StringNotEquals": {"s3:prefix": "a"}}),
    ),
    (
        "case of a condition's value",
        allow(Condition={"StringEquals": {"s3:prefix": "a"}}),
        allow(Condition={"StringEquals": {"s3:prefix": "A"}}),
    ),
    (
        "two conditions that hold together, and one after the other",
        allow(Condition={"StringEquals": {"s3:prefix": "a", "s3:delimiter": "b"}}),
        document(
            allow(Condition={"StringEquals": {"s3:prefix": "a"}}),
            allow(Condition={"StringEquals": {"s3:delimiter": "b"}}),
        ),
    ),
    (
        "a root in a resource is no account",
        allow(Resource="arn:aws:iam::123456789012:root"),
        allow(Resource="123456789012"),
    ),
    (
        "a root in a condition is no account",
        allow(Condition={"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::123456789012:root"}}),
        allow(Condition={"ArnEquals": {"aws:PrincipalArn": "123456789012"}}),
    ),
    (
        "a user is not its account",
        allow(Principal={"AWS": "arn:aws:iam::123456789012:user/root"}),
        allow(Principal={"AWS": "123456789012"}),
    ),
    ("anybody in a trust policy", allow(Resource=None, Principal="*"), allow(Resource=None, Principal={"AWS": "*"})),
    ("a service named like everybody", allow(Principal={"Service": "*"}), allow(Principal="*")),
    ("an element that nobody knows", allow(), allow(Novelty="x")),
    (
        "variables are literal in the old language",
        document(allow(Resource=f"{BUCKET}/${{aws:username}}/*")),
        document(allow(Resource=f"{BUCKET}/${{aws:username}}/*"), version="2008-10-17"),
    ),
]


@pytest.mark.parametrize(("one", "other"), [case[1:] for case in EQUAL], ids=[case[0] for case in EQUAL])
def test_equal(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert same(one, other)


@pytest.mark.parametrize(("one", "other"), [case[1:] for case in DIFFERENT], ids=[case[0] for case in DIFFERENT])
def test_different(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert not same(one, other)


WANTED = _policy_presets.public_read("media", ["accounts/", "cache/"])
RETURNED = {
    "minio": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["*"]},"Action":'
    '["s3:GetObject"],"Resource":["arn:aws:s3:::media/cache/*","arn:aws:s3:::media/accounts/*"]}]}',
    "minio, with the Sid": '{"Version":"2012-10-17","Statement":[{"Sid":"MastodonPublicRead","Effect":"Allow",'
    '"Principal":{"AWS":["*"]},"Action":["s3:GetObject"],"Resource":'
    '["arn:aws:s3:::media/accounts/*","arn:aws:s3:::media/cache/*"]}]}',
    "aws": '{"Version":"2012-10-17","Statement":[{"Sid":"MastodonPublicRead","Effect":"Allow","Principal":{"AWS":"*"},'
    '"Action":"s3:GetObject","Resource":["arn:aws:s3:::media/accounts/*","arn:aws:s3:::media/cache/*"]}]}',
    "aws, split by hand": '{"Version":"2012-10-17","Id":"x","Statement":[{"Sid":"","Effect":"Allow","Principal":"*",'
    '"Action":"s3:GetObject","Resource":"arn:aws:s3:::media/accounts/*"},{"Sid":"2","Effect":'
    '"Allow","Principal":{"AWS":"*"},"Action":["s3:getobject"],"Resource":'
    '"arn:aws:s3:::media/cache/*"}]}',
}


@pytest.mark.parametrize("text", RETURNED.values(), ids=RETURNED.keys())
def test_what_a_store_returns_is_no_change(text: str) -> None:
    for purge in (True, False):
        assert not _policy.plan(_policy.load(text), WANTED, purge=purge).changed


# --- Keeping the statements of others. ---

MASCOTS = allow(Sid="Mascots", Resource=f"{BUCKET}/mascots/*")


def test_purge_removes_others() -> None:
    plan = _policy.plan(document(MASCOTS), WANTED, purge=True)
    assert plan.document == WANTED
    assert plan.removed == ["allow anybody s3:getobject arn:aws:s3:::media/mascots/*"]


def test_others_are_kept_as_they_are() -> None:
    plan = _policy.plan({**document(MASCOTS), "Id": "theirs"}, WANTED, purge=False)
    assert plan.document is not None
    assert plan.document["Id"] == "theirs"
    assert plan.document["Statement"] == [MASCOTS, *WANTED["Statement"]]
    assert plan.removed == []


def test_our_own_statement_is_found_by_its_sid() -> None:
    former = _policy_presets.public_read("media", ["accounts/", "media_attachments/"])["Statement"][0]
    plan = _policy.plan(document(former, MASCOTS), WANTED, purge=False)
    assert plan.added == ["allow anybody s3:getobject arn:aws:s3:::media/cache/*"]
    assert plan.removed == ["allow anybody s3:getobject arn:aws:s3:::media/media_attachments/*"]


def test_taking_back_leaves_others() -> None:
    plan = _policy.plan(document(MASCOTS, *WANTED["Statement"]), None, purge=False, ours=WANTED)
    assert plan.document == document(MASCOTS)
    assert _policy.plan(document(*WANTED["Statement"]), None, purge=False, ours=WANTED).document is None


def test_a_mixed_statement_of_others_is_not_torn_apart() -> None:
    mixed = allow(Resource=[f"{BUCKET}/accounts/*", f"{BUCKET}/mascots/*"])
    plan = _policy.plan(document(mixed), WANTED, purge=False)
    assert plan.document is not None and mixed in plan.document["Statement"]


def test_versions_that_do_not_go_together_are_refused() -> None:
    mine = document(allow(Resource=f"{BUCKET}/${{aws:username}}/*"))
    with pytest.raises(_policy.PolicyError, match="2008-10-17"):
        _policy.plan(document(MASCOTS, version=None), mine, purge=False)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ("{", "not JSON"),
        (["x"], "mapping"),
        ({"Statement": "x"}, "list of mappings"),
        ({"Statement": ["x"]}, "list of mappings"),
        (document(allow(Effect="allow")), "Effect"),
        (document(allow(Effect=None)), "Effect"),
        (document(allow(Action=3)), "Action"),
        (document(allow(Resource=[3])), "Resource"),
        (document(allow(Principal=["*"])), "Principal"),
        (document(allow(Principal={"AWS": 1})), "Principal"),
        (document(allow(NotAction="s3:*")), "either Action or NotAction"),
        (document(allow(Condition=["x"])), "Condition"),
        (document(allow(Condition={"Bool": "x"})), "Condition"),
        (document(allow(Condition={"StringEquals": {"k": {"x": 1}}})), "Condition"),
    ],
)
def test_what_is_no_policy_is_named(wrong: Any, text: str) -> None:
    with pytest.raises(_policy.PolicyError, match=text):
        _policy.atoms(_policy.load(wrong))


def test_json_and_mapping_are_the_same() -> None:
    assert _policy.load(json.dumps(WANTED)) == WANTED == _policy.load(WANTED)


def test_atoms_read_well() -> None:
    conditional = allow(
        Effect="Deny", Principal={"AWS": "123456789012"}, Condition={"IpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}}
    )
    own = {"Effect": "Allow", "NotAction": ["s3:PutObject", "s3:GetObject"], "Resource": BUCKET}
    assert _policy.describe(_policy.atoms(document(conditional, own))) == [
        "allow all but s3:getobject, s3:putobject arn:aws:s3:::media",
        'deny AWS 123456789012 s3:getobject arn:aws:s3:::media/* if IpAddress aws:sourceip ["10.0.0.0/8"]',
    ]


def test_no_two_cases_repeat() -> None:
    """A table that holds a pair twice would hide that a case was lost while editing."""
    for table in (EQUAL, DIFFERENT):
        assert not [pair for pair in itertools.combinations(table, 2) if pair[0][1:] == pair[1][1:]]
