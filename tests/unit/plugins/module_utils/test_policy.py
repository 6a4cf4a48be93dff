# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is changed in a store, whose statements are kept, and what is no policy."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _policy, _policy_presets
from policy_words import BUCKET, NEW, WANTED, allow, document

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
