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
    read = [json.loads(each) if isinstance(each, str) else each for each in (one, other)]
    documents = [each if "Statement" in each else document(each) for each in read]
    return _policy.atoms(documents[0]) == _policy.atoms(documents[1])


# --- Properties. A policy is a set of single grants; however it is written down, the set must come back. ---

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
    ("anybody, as a text and as a list below AWS", allow(Principal="*"), allow(Principal={"AWS": ["*"]})),
    ("anybody, as a text and as a list", allow(Principal="*"), allow(Principal=["*"])),
    ("a user of a store without accounts", allow(Principal="ann"), allow(Principal={"AWS": ["ann"]})),
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
        "a root in a cloud for governments",
        allow(Principal={"AWS": ["123456789012"]}),
        allow(Principal={"AWS": "arn:aws-us-gov:iam::123456789012:root"}),
    ),
    (
        "order of principals",
        allow(Principal={"AWS": ["123456789012", "AIDAEXAMPLE"]}),
        allow(Principal={"AWS": ["AIDAEXAMPLE", "123456789012"]}),
    ),
    ("JSON and mapping", allow(), json.dumps(document(allow()))),
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
    (
        "a number, in two forms",
        allow(Condition={"NumericEqualsIfExists": {"s3:max-keys": "10.0"}}),
        allow(Condition={"NumericEqualsIfExists": {"s3:max-keys": 10}}),
    ),
    (
        "an address and a network of one",
        allow(Condition={"IpAddress": {"aws:SourceIp": ["192.0.2.1", "2001:DB8::1"]}}),
        allow(Condition={"IpAddress": {"aws:SourceIp": ["2001:db8::1/128", "192.0.2.1/32"]}}),
    ),
    (
        "bits behind a network",
        allow(Condition={"NotIpAddress": {"aws:SourceIp": "10.0.0.1/8"}}),
        allow(Condition={"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
    ),
    (
        "a moment in two zones",
        allow(Condition={"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}),
        allow(Condition={"DateLessThan": {"aws:CurrentTime": "2026-01-01T01:00:00+01:00"}}),
    ),
    (
        "a moment in seconds",
        allow(Condition={"DateLessThan": {"aws:EpochTime": 1767225600}}),
        allow(Condition={"DateLessThan": {"aws:EpochTime": "2026-01-01"}}),
    ),
    (
        "boolean with a qualifier",
        allow(Condition={"ForAllValues:BoolIfExists": {"aws:SecureTransport": "FALSE"}}),
        allow(Condition={"ForAllValues:BoolIfExists": {"aws:SecureTransport": False}}),
    ),
    ("an empty condition", allow(), allow(Condition={})),
    ("no statement, in two forms", document(), {"Statement": None}),
    ("a missing version is the old one", document(allow(), version=None), document(allow(), version="2008-10-17")),
    ("the version where nothing depends on it", document(allow()), document(allow(), version=None)),
]

DIFFERENT = [
    (
        "a user that was deleted is not the one who has its name now",
        allow(Principal={"AWS": "AIDAJQABLZS4A3QDU576Q"}),
        allow(Principal={"AWS": "arn:aws:iam::123456789012:user/u"}),
    ),
    (
        "a canonical id is not an ARN that it may stand for",
        allow(Principal={"CanonicalUser": "79a59df900b949e5"}),
        allow(Principal={"AWS": "arn:aws:iam::123456789012:root"}),
    ),
    (
        "a text that is a number to other operators",
        *(allow(Condition={"StringEquals": {"s3:prefix": text}}) for text in ("10", "10.0")),
    ),
    (
        "an address of version 6 is not its network",
        *(allow(Condition={"IpAddress": {"aws:SourceIp": text}}) for text in ("2001:db8::1", "2001:db8::/32")),
    ),
    ("true and false", *(allow(Condition={"Bool": {"aws:SecureTransport": text}}) for text in (True, "false"))),
    (
        "two moments",
        *(allow(Condition={"DateLessThan": {"aws:CurrentTime": text}}) for text in ("2026-01-01", "2026-01-02")),
    ),
    (
        "a qualifier of a condition",
        *(allow(Condition={f"{text}:StringEquals": {"aws:TagKeys": "a"}}) for text in ("ForAllValues", "ForAnyValue")),
    ),
    ("if it exists", *(allow(Condition={f"StringEquals{text}": {"aws:SourceVpc": "v"}}) for text in ("", "IfExists"))),
    (
        "all but one resource, and all but two",
        allow(Resource=None, NotResource=[f"{BUCKET}/a, {BUCKET}/b"]),
        allow(Resource=None, NotResource=[f"{BUCKET}/a", f"{BUCKET}/b"]),
    ),
    ("anybody, and all but nobody", allow(), allow(Principal=None, NotPrincipal={"AWS": "*"})),
    ("deny and allow of the same", document(allow(Effect="Deny")), document(allow(Effect="Deny"), allow())),
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
        "what only begins like an account's root is a name",
        allow(Principal={"AWS": "arn:aws:iam::123456789012:root-of-all"}),
        allow(Principal={"AWS": "123456789012"}),
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
# What was written, and the text that came back. MinIO and silo write every value as a list and know one form of a
# principal; AWS drops lists of one, sorts actions, names accounts by their roots and adds empty Sids; Versity returns
# what it was given.
RETURNED = {
    "minio": (
        WANTED,
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["*"]},"Action":["s3:GetObject"],'
        '"Resource":["arn:aws:s3:::media/cache/*","arn:aws:s3:::media/accounts/*"]}]}',
    ),
    "minio, with the Sid": (
        WANTED,
        '{"Version":"2012-10-17","Statement":[{"Sid":"MastodonPublicRead","Effect":"Allow","Principal":{"AWS":["*"]},'
        '"Action":["s3:GetObject"],"Resource":["arn:aws:s3:::media/accounts/*","arn:aws:s3:::media/cache/*"]}]}',
    ),
    "minio, conditions": (
        document(
            allow(
                Effect="Deny",
                Condition={"NotIpAddress": {"aws:SourceIp": "10.0.0.1"}, "Bool": {"aws:SecureTransport": False}},
            ),
            allow(Action="s3:ListBucket", Resource=BUCKET, Condition={"NumericLessThanEquals": {"s3:max-keys": "10"}}),
        ),
        '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"AWS":["*"]},"Action":["s3:GetObject"],'
        '"Resource":["arn:aws:s3:::media/*"],"Condition":{"Bool":{"aws:SecureTransport":["false"]},'
        '"NotIpAddress":{"aws:SourceIp":["10.0.0.1/32"]}}},{"Effect":"Allow","Principal":{"AWS":["*"]},'
        '"Action":["s3:ListBucket"],"Resource":["arn:aws:s3:::media"],'
        '"Condition":{"NumericLessThanEquals":{"s3:max-keys":[10]}}}]}',
    ),
    "minio, not": (
        document(
            {
                "Effect": "Deny",
                "Principal": "*",
                "NotAction": ["s3:PutObject", "s3:GetObject"],
                "NotResource": f"{BUCKET}/a/*",
            }
        ),
        '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"AWS":["*"]},'
        '"NotAction":["s3:GetObject","s3:PutObject"],"NotResource":["arn:aws:s3:::media/a/*"]}]}',
    ),
    "aws": (
        WANTED,
        '{"Version":"2012-10-17","Statement":[{"Sid":"MastodonPublicRead","Effect":"Allow","Principal":{"AWS":"*"},'
        '"Action":"s3:GetObject","Resource":["arn:aws:s3:::media/accounts/*","arn:aws:s3:::media/cache/*"]}]}',
    ),
    "aws, split by hand": (
        WANTED,
        '{"Version":"2012-10-17","Id":"x","Statement":[{"Sid":"","Effect":"Allow","Principal":"*",'
        '"Action":"s3:GetObject","Resource":"arn:aws:s3:::media/accounts/*"},{"Sid":"2","Effect":"Allow",'
        '"Principal":{"AWS":"*"},"Action":["s3:getobject"],"Resource":"arn:aws:s3:::media/cache/*"}]}',
    ),
    "aws, accounts and services": (
        document(
            allow(
                Principal={"AWS": ["210987654321", "123456789012"], "Service": ["logging.s3.amazonaws.com"]},
                Action=["s3:PutObject", "s3:GetObject"],
            )
        ),
        '{"Version":"2012-10-17","Statement":[{"Sid":"","Effect":"Allow","Principal":{"Service":'
        '"logging.s3.amazonaws.com","AWS":["arn:aws:iam::123456789012:root","arn:aws:iam::210987654321:root"]},'
        '"Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::media/*"}]}',
    ),
    "aws, only with TLS": (
        document(
            allow(
                Effect="Deny",
                Principal=["*"],
                Action=["s3:*"],
                Resource=[f"{BUCKET}/*", BUCKET],
                Condition={"Bool": {"aws:SecureTransport": [False]}},
            )
        ),
        '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":'
        '["arn:aws:s3:::media","arn:aws:s3:::media/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}',
    ),
    "aws, all but one": (
        document(
            {
                "Effect": "Deny",
                "NotPrincipal": {"AWS": ["123456789012", "arn:aws:iam::123456789012:user/u"]},
                "Action": ["S3:putobject"],
                "Resource": [f"{BUCKET}/*"],
            }
        ),
        '{"Version":"2012-10-17","Statement":[{"Sid":"","Effect":"Deny","NotPrincipal":{"AWS":'
        '["arn:aws:iam::123456789012:user/u","arn:aws:iam::123456789012:root"]},"Action":"s3:PutObject",'
        '"Resource":"arn:aws:s3:::media/*"}]}',
    ),
    "versity": (WANTED, json.dumps(WANTED)),
}


@pytest.mark.parametrize(("wanted", "text"), RETURNED.values(), ids=RETURNED.keys())
def test_what_a_store_returns_is_no_change(wanted: dict[str, Any], text: str) -> None:
    for purge in (True, False):
        assert not _policy.plan(json.loads(text), wanted, purge=purge).changed


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


def test_what_bears_our_mark_is_ours() -> None:
    former = [allow(Sid=f"Ours{number}", Resource=f"{BUCKET}/{number}/*") for number in (1, 2)]
    plan = _policy.plan(document(*former, MASCOTS), document(former[0]), purge=False, mark="Ours")
    assert plan.removed == ["allow anybody s3:getobject arn:aws:s3:::media/2/*"]
    assert plan.added == []
    assert not _policy.plan(document(*former, MASCOTS), document(*former), purge=False, mark="Ours").changed


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
        (document(allow(Principal=[3])), "Principal"),
        (document(allow(Action=[["s3:GetObject"]])), "Action is a text or a list of texts"),
        (document(allow(Resource=[[f"{BUCKET}/*"]])), "Resource is a text or a list of texts"),
        (document(allow(Condition={"StringEquals": {"s3:prefix": [["a"]]}})), "values of a Condition"),
        ({}, "no statement"),
        (document(), "state=absent"),
        ({"Version": NEW, "Statements": [allow()]}, "no Statements"),
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
