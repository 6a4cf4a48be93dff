# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bucket against a real store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _media, _stores
from store_clients import s3

Run = Callable[..., dict[str, Any]]


class TestBucket:
    """The bucket module."""

    def test_created_with_versioning_and_canary(self, server: Any, four_times: Run, name: str) -> None:
        key = "site_uploads/canary.txt"
        four_times("bucket", **server.connection, name=name, versioning=True, canary_key=key)
        client = s3(server)
        assert client.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
        canary = client.get_object(Bucket=name, Key=key)
        assert canary["Body"].read() == _media.CANARY_BODY
        assert canary["CacheControl"] == "public, max-age=315576000, immutable"

    def test_changed_canary_is_corrected(self, server: Any, four_times: Run, bucket: str) -> None:
        s3(server).put_object(Bucket=bucket, Key="site_uploads/c", Body=b"something else")
        outcome = four_times("bucket", **server.connection, name=bucket, canary_key="site_uploads/c")
        assert outcome["diff"]["before"]["canary"] == "different"

    def test_never_versioned_is_not_versioned(self, server: Any, run: Run, bucket: str) -> None:
        assert run("bucket", **server.connection, name=bucket, versioning=False)["changed"] is False

    def test_versioning_is_suspended(self, server: Any, run: Run, four_times: Run, bucket: str) -> None:
        run("bucket", **server.connection, name=bucket, versioning=True)
        four_times("bucket", **server.connection, name=bucket, versioning=False)

    def test_absent_removes_an_empty_bucket(self, server: Any, four_times: Run, bucket: str) -> None:
        four_times("bucket", **server.connection, name=bucket, state="absent")

    def test_absent_refuses_a_bucket_with_an_object(self, server: Any, run: Run, bucket: str) -> None:
        s3(server).put_object(Bucket=bucket, Key="precious", Body=b"x")
        outcome = run("bucket", **server.connection, name=bucket, state="absent")
        assert outcome["failed"] and "'precious'" in outcome["msg"]

    def test_absent_refuses_a_bucket_with_a_deleted_version(self, server: Any, run: Run, bucket: str) -> None:
        run("bucket", **server.connection, name=bucket, versioning=True)
        s3(server).put_object(Bucket=bucket, Key="once", Body=b"x")
        s3(server).delete_object(Bucket=bucket, Key="once")
        outcome = run("bucket", **server.connection, name=bucket, state="absent", check=True)
        assert outcome["failed"] and "'once'" in outcome["msg"]

    def test_wrong_secret_says_so(self, server: Any, run: Run, name: str) -> None:
        outcome = run("bucket", **{**server.connection, "secret_key": "0123456789abcdef"}, name=name)
        assert outcome["failed"] and "check the secret key" in outcome["msg"]

    def test_nobody_there(self, server: Any, run: Run, name: str) -> None:
        options = {**server.connection, "endpoint_url": "http://127.0.0.1:1", "connect_timeout": 1}
        outcome = run("bucket", **options, name=name)
        assert outcome["failed"] and "127.0.0.1:1" in outcome["msg"]


# How each option that a store may lack is asked for, what it then says, and what S3 itself shows.
LIFECYCLE = [
    {"prefix": "", "old_versions_days": 30},
    {"prefix": "cache/", "objects_days": 7, "old_versions_days": 1},
]
ASKED: dict[str, tuple[Any, Any]] = {
    "lifecycle": (
        LIFECYCLE,
        [
            "cache/: objects 7 days old",
            "cache/: versions 1 days after they were replaced",
            "whole bucket: versions 30 days after they were replaced",
        ],
    ),
    "cors": (
        [{"origins": ["https://b.example.org", "https://a.example.org"], "headers": ["Range"], "max_age": 60}],
        ["GET, HEAD from https://a.example.org, https://b.example.org; with range; for 60 seconds"],
    ),
    "public_access": ("policy", "policy"),
    "object_ownership": ("BucketOwnerPreferred", "BucketOwnerPreferred"),
}
FEATURE = {"public_access": "public_access_block", "object_ownership": "ownership"}


def lacks(server: Any, option: str) -> bool:
    """Tell whether the store that is running is expected not to have a feature."""
    if server.kind == "minio" and option == "cors":
        return True  # silo has it, upstream's last commit does not
    return bool(_stores.lacks(server.kind, FEATURE.get(option, option)))


@pytest.mark.parametrize("option", ASKED)
class TestSettings:
    """Options that not every store has a feature for."""

    def test_set_changed_and_refused(self, server: Any, run: Run, four_times: Run, name: str, option: str) -> None:
        value, shown = ASKED[option]
        if lacks(server, option):
            outcome = run("bucket", **server.connection, name=name, **{option: value})
            assert outcome["failed"] and "cannot" in outcome["msg"], outcome
            return
        outcome = four_times("bucket", **server.connection, name=name, **{option: value})
        assert outcome["bucket"][option] == shown
        assert outcome["diff"]["before"]["state"] == "absent"

    def test_skipped_when_asked_to(self, server: Any, run: Run, name: str, option: str) -> None:
        options = {**server.connection, "name": name, option: ASKED[option][0], "unsupported": "skip"}
        outcome = run("bucket", **options)
        assert outcome.get("changed") is True, outcome
        warned = f"{option} is left alone" in str(outcome["warnings"])
        assert warned is lacks(server, option)
        assert (outcome["bucket"][option] is None) is warned
        assert run("bucket", **options)["changed"] is False


def test_the_table_answers_for_the_store(server: Any, run: Run, name: str) -> None:
    """With the kind named, nothing is tried: not even the bucket is made."""
    known = [option for option in ASKED if _stores.lacks(server.kind, FEATURE.get(option, option))]
    assert known
    for option in known:
        options = {**server.connection, "store_kind": server.kind, "name": name, option: ASKED[option][0]}
        outcome = run("bucket", **options)
        assert outcome["failed"] and "known not to have" in outcome["msg"]
    assert run("bucket", **server.connection, name=name, check=True)["changed"] is True


class TestRules:
    """Rules that the store already has."""

    def test_empty_lists_remove(self, server: Any, run: Run, four_times: Run, bucket: str) -> None:
        option = "cors" if lacks(server, "lifecycle") else "lifecycle"
        run("bucket", **server.connection, name=bucket, **{option: ASKED[option][0]})
        outcome = four_times("bucket", **server.connection, name=bucket, **{option: []})
        assert outcome["bucket"][option] == []
        assert outcome["diff"]["before"][option] == ASKED[option][1]

    def test_the_way_of_writing_is_no_change(self, server: Any, run: Run, bucket: str) -> None:
        if lacks(server, "lifecycle"):
            return
        run("bucket", **server.connection, name=bucket, lifecycle=LIFECYCLE)
        again = [{"prefix": "cache/", "old_versions_days": 1}, *LIFECYCLE[:1], {"prefix": "cache/", "objects_days": 7}]
        assert run("bucket", **server.connection, name=bucket, lifecycle=again)["changed"] is False
        again[0]["old_versions_days"] = 2
        assert run("bucket", **server.connection, name=bucket, lifecycle=again)["changed"] is True

    def test_a_rule_without_an_action_is_refused(self, server: Any, run: Run, bucket: str) -> None:
        for rule in ({"prefix": "cache/"}, {"prefix": "cache/", "objects_days": 0}):
            assert (
                "lifecycle rule for cache/" in run("bucket", **server.connection, name=bucket, lifecycle=[rule])["msg"]
            )
