# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stores return, and what the best known comparison gets wrong."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _policy
from policy_words import BUCKET, NEW, WANTED, allow, document, same

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


def test_no_two_cases_repeat() -> None:
    """A table that holds a pair twice would hide that a case was lost while editing."""
    for table in (EQUAL, DIFFERENT):
        assert not [pair for pair in itertools.combinations(table, 2) if pair[0][1:] == pair[1][1:]]
