# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bucket, bucket_policy and s3_user against a real MinIO."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _media
from botocore.config import Config
from botocore.exceptions import ClientError

Run = Callable[..., dict[str, Any]]


def s3(server: Any, user: str = "", password: str = "") -> Any:
    """Return an S3 client for the root user or somebody else."""
    return boto3.client(
        "s3",
        endpoint_url=server.url,
        aws_access_key_id=user or server.user,
        aws_secret_access_key=password or server.password,
        region_name="us-east-1",
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )


@pytest.fixture
def name() -> str:
    """Return a name that no other test uses."""
    return f"test-{secrets.token_hex(4)}"


@pytest.fixture
def bucket(server: Any, name: str) -> str:
    """Create a bucket."""
    s3(server).create_bucket(Bucket=name)
    return name


def refused(call: Callable[..., Any], **options: Any) -> str:
    """Return the code with which a call is refused."""
    with pytest.raises(ClientError) as caught:
        call(**options)
    return str(caught.value.response["Error"]["Code"])


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


class TestBucketPolicy:
    """The bucket_policy module."""

    def test_public_read_is_what_it_says(self, server: Any, four_times: Run, bucket: str) -> None:
        s3(server).put_object(Bucket=bucket, Key="accounts/avatar.png", Body=b"")
        outcome = four_times(
            "bucket_policy", **server.connection, bucket=bucket, preset="mastodon_public_read", verify=True
        )
        assert f"allow anybody s3:getobject arn:aws:s3:::{bucket}/accounts/*" in outcome["added"]
        assert len(outcome["added"]) == len(_media.PUBLIC_PREFIXES)
        assert outcome["unproven"] == []

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
        for hole in ("GET /backups/", "GET /?list-type=2", "PUT /accounts/", "DELETE /accounts/", "GET /?policy"):
            assert hole in outcome["msg"]
        assert "Contents" not in s3(server).list_objects_v2(Bucket=bucket), "the probes left something behind"

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


class TestS3User:
    """The s3_user module."""

    @pytest.fixture
    def options(self, server: Any, client: str, bucket: str) -> dict[str, Any]:
        """Return the options of a user."""
        return {
            **server.connection,
            "client": client,
            "name": f"app-{secrets.token_hex(4)}",
            "secret": secrets.token_hex(16),
            "buckets": [bucket],
        }

    def test_the_app_can_work(self, server: Any, four_times: Run, options: dict[str, Any], bucket: str) -> None:
        outcome = four_times("s3_user", **options)
        assert options["secret"] not in str(outcome)
        app = s3(server, options["name"], options["secret"])
        app.put_object(Bucket=bucket, Key="accounts/a", Body=b"a")
        assert app.get_object(Bucket=bucket, Key="accounts/a")["Body"].read() == b"a"
        assert app.list_objects_v2(Bucket=bucket)["KeyCount"] == 1
        upload = app.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
        part = app.upload_part(Bucket=bucket, Key="big", UploadId=upload, PartNumber=1, Body=b"x")
        assert app.list_parts(Bucket=bucket, Key="big", UploadId=upload)["Parts"][0]["ETag"] == part["ETag"]
        assert app.list_multipart_uploads(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 200
        app.abort_multipart_upload(Bucket=bucket, Key="big", UploadId=upload)
        app.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "accounts/a"}]})
        assert app.list_objects_v2(Bucket=bucket)["KeyCount"] == 0

    def test_the_app_can_do_nothing_else(self, server: Any, run: Run, options: dict[str, Any], bucket: str) -> None:
        run("s3_user", **options)
        other = f"other-{secrets.token_hex(4)}"
        s3(server).create_bucket(Bucket=other)
        app = s3(server, options["name"], options["secret"])
        assert refused(app.list_objects_v2, Bucket=other) == "AccessDenied"
        assert refused(app.get_bucket_policy, Bucket=bucket) == "AccessDenied"
        assert refused(app.put_bucket_policy, Bucket=bucket, Policy="{}") == "AccessDenied"
        assert refused(app.delete_bucket, Bucket=bucket) == "AccessDenied"
        assert refused(app.create_bucket, Bucket=f"new-{other}") == "AccessDenied"

    def test_the_app_is_no_administrator(self, server: Any, run: Run, options: dict[str, Any]) -> None:
        run("s3_user", **options)
        as_app = {**options, "access_key": options["name"], "secret_key": options["secret"], "name": "intruder"}
        outcome = run("s3_user", **as_app)
        assert outcome["failed"] and "Access Denied" in outcome["msg"]

    def test_a_new_secret_replaces_the_old(
        self, server: Any, run: Run, four_times: Run, bucket: str, options: dict[str, Any]
    ) -> None:
        run("s3_user", **options)
        secret = secrets.token_hex(16)
        outcome = four_times("s3_user", **{**options, "secret": secret})
        assert outcome["diff"]["before"]["secret"] == "different"
        assert (
            refused(s3(server, options["name"], options["secret"]).list_objects_v2, Bucket=bucket)
            == "SignatureDoesNotMatch"
        )

    def test_strange_characters_in_a_secret(self, four_times: Run, options: dict[str, Any]) -> None:
        four_times("s3_user", **{**options, "secret": "a:b@c/d?e#f%g\"h'i\\j$k l"})

    def test_read_only(self, server: Any, run: Run, four_times: Run, options: dict[str, Any], bucket: str) -> None:
        run("s3_user", **options)
        outcome = four_times("s3_user", **options, access="read_only")
        assert f"allow s3:putobject arn:aws:s3:::{bucket}/*" in outcome["diff"]["before"]["rights"]
        reader = s3(server, options["name"], options["secret"])
        assert reader.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
        assert refused(reader.put_object, Bucket=bucket, Key="x", Body=b"") == "AccessDenied"

    def test_rights_given_by_hand_are_taken_back(self, run: Run, four_times: Run, options: dict[str, Any]) -> None:
        run("s3_user", **options)
        run("s3_user", **options, policy_name="user-too-much")
        outcome = four_times("s3_user", **options)
        assert outcome["diff"]["before"]["attached"] == ["user-too-much"]

    def test_absent(self, server: Any, run: Run, four_times: Run, options: dict[str, Any], bucket: str) -> None:
        run("s3_user", **options)
        gone = {key: value for key, value in options.items() if key not in ("secret", "buckets")}
        four_times("s3_user", **gone, state="absent")
        assert (
            refused(s3(server, options["name"], options["secret"]).list_objects_v2, Bucket=bucket)
            == "InvalidAccessKeyId"
        )

    def test_wrong_root_secret(self, run: Run, options: dict[str, Any]) -> None:
        outcome = run("s3_user", **{**options, "secret_key": "0123456789abcdef"})
        assert outcome["failed"] and "signature" in outcome["msg"]
