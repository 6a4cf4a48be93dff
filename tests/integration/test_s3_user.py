# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""s3_user against a real MinIO."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from store_clients import keys, refused, s3

Run = Callable[..., dict[str, Any]]


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

    def test_old_versions_are_safe_from_the_app_but_not_from_who_empties_the_bucket(
        self, server: Any, run: Run, four_times: Run, options: dict[str, Any], bucket: str
    ) -> None:
        s3(server).put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        run("s3_user", **options)
        app = s3(server, options["name"], options["secret"])
        version = app.put_object(Bucket=bucket, Key="accounts/a", Body=b"a")["VersionId"]
        app.delete_object(Bucket=bucket, Key="accounts/a")
        assert keys(server, bucket) == ["accounts/a"] * 2
        four_times("s3_user", **options, access="read_write_versions")
        for entry in app.list_object_versions(Bucket=bucket)["DeleteMarkers"]:
            app.delete_object(Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"])
        app.delete_object(Bucket=bucket, Key="accounts/a", VersionId=version)
        assert keys(server, bucket) == []

    def test_another_make_is_refused(self, run: Run, options: dict[str, Any]) -> None:
        assert "no admin API" in run("s3_user", **options, store_kind="garage")["msg"]

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
