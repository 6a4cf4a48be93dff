# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bucket_policy against a real store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _media
from ansible_collections.fediops.mastodon.plugins.modules import bucket_policy
from store_clients import keys, s3

Run = Callable[..., dict[str, Any]]


def statement(bucket: str, keys: str, **elements: str) -> dict[str, Any]:
    """Return a policy that lets anybody read some keys."""
    said = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/{keys}"}
    return {"Version": "2012-10-17", "Statement": [{**said, **elements}]}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """These stores obey at once; where a proof must fail there is nothing to wait for."""
    monkeypatch.setattr(bucket_policy, "PATIENCE", 0)


class TestBucketPolicy:
    """The bucket_policy module."""

    def test_public_read_is_what_it_says(self, server: Any, four_times: Run, bucket: str) -> None:
        s3(server).put_object(Bucket=bucket, Key="accounts/avatar.png", Body=b"")
        outcome = four_times(
            "bucket_policy", **server.connection, bucket=bucket, preset="mastodon_public_read", verify=True
        )
        assert f"allow anybody s3:getobject arn:aws:s3:::{bucket}/accounts/*" in outcome["added"]
        assert len(outcome["added"]) == len(_media.PUBLIC_PREFIXES)
        # What was put there for the proof is gone.
        assert outcome["verified"] > 30
        assert keys(server, bucket) == ["accounts/avatar.png"]

    def test_proof_in_a_bucket_with_versions_leaves_none(self, server: Any, run: Run, bucket: str) -> None:
        s3(server).put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        options = {**server.connection, "bucket": bucket, "preset": "mastodon_public_read", "verify": True}
        assert run("bucket_policy", **options)["verified"] > 30
        assert keys(server, bucket) == []

    def test_key_prefix(self, server: Any, four_times: Run, bucket: str) -> None:
        four_times(
            "bucket_policy",
            **server.connection,
            bucket=bucket,
            preset="mastodon_public_read",
            key_prefix="one",
            verify=True,
        )

    def test_default_prefixes_are_the_only_list(self, server: Any, run: Run, bucket: str) -> None:
        outcome = run("bucket_policy", **server.connection, bucket=bucket, preset="mastodon_public_read")
        granted = {line.rpartition("/")[0].rpartition(":")[2] + "/" for line in outcome["added"]}
        assert granted == {f"{bucket}/{prefix}" for prefix in _media.PUBLIC_PREFIXES}

    def test_private_closes_a_public_bucket(self, server: Any, run: Run, four_times: Run, bucket: str) -> None:
        run("bucket_policy", **server.connection, bucket=bucket, preset="mastodon_public_read")
        outcome = four_times("bucket_policy", **server.connection, bucket=bucket, preset="private", verify=True)
        assert outcome["policy"] is None

    @pytest.mark.usefixtures("impatient")
    def test_verify_finds_a_hole(self, server: Any, run: Run, bucket: str) -> None:
        """A statement that is kept, but opens everything: the preset's promise does not hold."""
        wide = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
                }
            ],
        }
        run("bucket_policy", **server.connection, bucket=bucket, policy=wide)
        outcome = run(
            "bucket_policy", **server.connection, bucket=bucket, preset="mastodon_public_read", purge=False, verify=True
        )
        assert outcome["failed"]
        holes = ["GET /backups/", "GET /?list-type=2", "PUT /accounts/", "DELETE /accounts/"]
        if server.kind == "minio":  # Versity lets nobody without a key near the policy itself
            holes += ["GET /?policy", "PUT /?policy"]
        for hole in holes:
            assert hole in outcome["msg"]
        assert keys(server, bucket) == [], "the probes left something behind"

    @pytest.mark.usefixtures("impatient")
    def test_verify_finds_one_folder_too_many(self, server: Any, run: Run, bucket: str) -> None:
        wide = statement(bucket, "backups/*", Sid="Archives")
        run("bucket_policy", **server.connection, bucket=bucket, policy=wide)
        outcome = run(
            "bucket_policy", **server.connection, bucket=bucket, preset="mastodon_public_read", purge=False, verify=True
        )
        assert outcome["failed"] and outcome["msg"].count("answered") == 1
        assert "GET /backups/fediops-probe answered 2" in outcome["msg"]

    @pytest.mark.usefixtures("impatient")
    def test_verify_finds_a_denial(self, server: Any, run: Run, bucket: str) -> None:
        denial = statement(bucket, "cache/*", Sid="Closed", Effect="Deny")
        run("bucket_policy", **server.connection, bucket=bucket, policy=denial)
        outcome = run(
            "bucket_policy", **server.connection, bucket=bucket, preset="mastodon_public_read", purge=False, verify=True
        )
        assert outcome["failed"] and "GET /cache/fediops-probe answered 403, but anybody may" in outcome["msg"]

    def test_conditions_and_denials_come_to_rest(self, server: Any, four_times: Run, bucket: str) -> None:
        """What a store makes of an address, a boolean and a list of one is no change."""
        arns = [f"arn:aws:s3:::{bucket}/accounts/*", f"arn:aws:s3:::{bucket}/cache/*"]
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Near",
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": "s3:GetObject",
                    "Resource": arns,
                    "Condition": {"IpAddress": {"aws:SourceIp": ["10.0.0.1", "192.0.2.0/24"]}},
                },
                {
                    "Effect": "Deny",
                    "Principal": {"AWS": ["*"]},
                    "Action": ["s3:GetObject", "s3:PutObject"],
                    "Resource": arns[0],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
        }
        outcome = four_times("bucket_policy", **server.connection, bucket=bucket, policy=policy)
        assert len(outcome["added"]) == 4

    def test_no_statement_is_no_way_to_remove_a_policy(self, server: Any, run: Run, bucket: str) -> None:
        run("bucket_policy", **server.connection, bucket=bucket, preset="mastodon_public_read")
        outcome = run("bucket_policy", **server.connection, bucket=bucket, policy={"Version": "2012-10-17"})
        assert outcome["failed"] and "state=absent" in outcome["msg"]
        assert s3(server).get_bucket_policy(Bucket=bucket)["Policy"]

    def test_absent_removes_it_all(self, server: Any, run: Run, four_times: Run, bucket: str) -> None:
        run("bucket_policy", **server.connection, bucket=bucket, policy=statement(bucket, "mascots/*"))
        outcome = four_times("bucket_policy", **server.connection, bucket=bucket, state="absent", verify=True)
        assert outcome["policy"] is None and len(outcome["removed"]) == 1

    def test_a_store_that_has_no_policies(self, server: Any, run: Run, bucket: str) -> None:
        """The store is told to be one that the table knows to have none: it is not asked."""
        options = {**server.connection, "store_kind": "garage", "bucket": bucket, "preset": "mastodon_public_read"}
        outcome = run("bucket_policy", **options)
        assert outcome["failed"] and "bucket website --allow" in outcome["msg"]
        outcome = run("bucket_policy", **options, unsupported="skip", verify=True)
        assert outcome["changed"] is False and "garage bucket website" in str(outcome["warnings"])
        assert "verified" not in outcome
        outcome = run("bucket_policy", **{**options, "preset": "private"}, verify=True)
        assert outcome["changed"] is False and outcome["verified"] > 10

    def test_statements_of_others_are_kept(self, server: Any, run: Run, four_times: Run, bucket: str) -> None:
        other = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Mascots",
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": "s3:GetObject",
                    "Resource": f"arn:aws:s3:::{bucket}/mascots/*",
                }
            ],
        }
        run("bucket_policy", **server.connection, bucket=bucket, policy=other)
        added = four_times(
            "bucket_policy", **server.connection, bucket=bucket, preset="mastodon_public_read", purge=False
        )
        assert added["removed"] == []
        outcome = four_times(
            "bucket_policy",
            **server.connection,
            bucket=bucket,
            preset="mastodon_public_read",
            purge=False,
            public_prefixes=["accounts/"],
        )
        assert len(outcome["removed"]) == len(_media.PUBLIC_PREFIXES) - 1, "our own statement is replaced, not doubled"
        outcome = four_times(
            "bucket_policy",
            **server.connection,
            bucket=bucket,
            preset="mastodon_public_read",
            purge=False,
            state="absent",
        )
        assert [line for line in outcome["diff"]["after"].splitlines() if line] == [
            f"allow anybody s3:getobject arn:aws:s3:::{bucket}/mascots/*"
        ]

    def test_purge_removes_what_others_said(self, server: Any, run: Run, four_times: Run, bucket: str) -> None:
        self.test_statements_of_others_are_kept(server, run, four_times, bucket)
        outcome = four_times("bucket_policy", **server.connection, bucket=bucket, preset="mastodon_public_read")
        assert outcome["removed"] == [f"allow anybody s3:getobject arn:aws:s3:::{bucket}/mascots/*"]

    def test_same_meaning_is_no_change(self, server: Any, run: Run, bucket: str) -> None:
        run("bucket_policy", **server.connection, bucket=bucket, preset="mastodon_public_read")
        split = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": f"s{number}",
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": ["S3:getobject", "s3:GetObject"],
                    "Resource": f"arn:aws:s3:::{bucket}/{prefix}*",
                }
                for number, prefix in enumerate(reversed(_media.PUBLIC_PREFIXES))
            ],
        }
        assert run("bucket_policy", **server.connection, bucket=bucket, policy=split)["changed"] is False

    def test_missing_bucket(self, server: Any, run: Run, name: str) -> None:
        options = {**server.connection, "bucket": name, "preset": "mastodon_public_read"}
        assert run("bucket_policy", **options, check=True)["changed"] is True
        assert "NoSuchBucket" in run("bucket_policy", **options)["msg"]

    def test_backups_cannot_be_opened(self, server: Any, run: Run, bucket: str) -> None:
        outcome = run(
            "bucket_policy",
            **server.connection,
            bucket=bucket,
            preset="mastodon_public_read",
            public_prefixes=["accounts/", "backups/dumps/"],
        )
        assert outcome["failed"] and "archives" in outcome["msg"]
