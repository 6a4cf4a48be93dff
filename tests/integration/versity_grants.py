# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The grants of bucket_policy, against a store whose users get their rights from there."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from store_clients import refused, s3, versity_user

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def users(server: Any) -> dict[str, Any]:
    """Create an app's user and a backup's; return their clients."""
    names = {role: f"{role}-{secrets.token_hex(4)}" for role in ("app", "backup")}
    return {role: (name, s3(server, name, versity_user(server, name))) for role, name in names.items()}


@pytest.fixture
def options(server: Any, bucket: str, users: dict[str, Any]) -> dict[str, Any]:
    """Return the options with which both have what they need."""
    return {
        **server.connection,
        "store_kind": "versity",
        "bucket": bucket,
        "preset": "mastodon_public_read",
        "verify": True,
        "grants": [
            {"principal": users["app"][0]},
            {"principal": users["backup"][0], "access": "read_only"},
        ],
    }


def test_each_can_do_its_work(four_times: Run, options: dict[str, Any], users: dict[str, Any], bucket: str) -> None:
    app, backup = users["app"][1], users["backup"][1]
    assert refused(app.list_objects_v2, Bucket=bucket) == "AccessDenied"
    four_times("bucket_policy", **options)
    app.put_object(Bucket=bucket, Key="backups/dumps/1.zip", Body=b"a")
    upload = app.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    app.upload_part(Bucket=bucket, Key="big", UploadId=upload, PartNumber=1, Body=b"x")
    assert len(app.list_parts(Bucket=bucket, Key="big", UploadId=upload)["Parts"]) == 1
    app.abort_multipart_upload(Bucket=bucket, Key="big", UploadId=upload)
    assert backup.get_object(Bucket=bucket, Key="backups/dumps/1.zip")["Body"].read() == b"a"
    assert backup.list_objects_v2(Bucket=bucket)["KeyCount"] == 1
    app.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "backups/dumps/1.zip"}]})
    assert app.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_neither_can_do_more(
    server: Any, run: Run, options: dict[str, Any], users: dict[str, Any], bucket: str
) -> None:
    s3(server).put_object(Bucket=bucket, Key="a", Body=b"a")
    run("bucket_policy", **options)
    for _name, client in users.values():
        assert refused(client.put_bucket_policy, Bucket=bucket, Policy="{}") == "AccessDenied"
        assert refused(client.get_bucket_policy, Bucket=bucket) == "AccessDenied"
        assert refused(client.delete_bucket, Bucket=bucket) == "AccessDenied"
        assert refused(client.put_object_acl, Bucket=bucket, Key="a", ACL="public-read") == "AccessDenied"
    backup = users["backup"][1]
    assert refused(backup.put_object, Bucket=bucket, Key="b", Body=b"") == "AccessDenied"
    assert refused(backup.delete_object, Bucket=bucket, Key="a") == "AccessDenied"


def test_old_versions_are_safe_from_the_app(
    server: Any, run: Run, options: dict[str, Any], users: dict[str, Any], bucket: str
) -> None:
    s3(server).put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    run("bucket_policy", **options)
    name, app = users["app"]
    version = app.put_object(Bucket=bucket, Key="a", Body=b"a")["VersionId"]
    assert refused(app.delete_object, Bucket=bucket, Key="a", VersionId=version) == "AccessDenied"
    run("bucket_policy", **{**options, "grants": [{"principal": name, "access": "read_write_versions"}]})
    app.delete_object(Bucket=bucket, Key="a", VersionId=version)


def test_a_grant_is_taken_back_and_others_stay(
    run: Run, four_times: Run, options: dict[str, Any], users: dict[str, Any], bucket: str
) -> None:
    run("bucket_policy", **options)
    outcome = four_times("bucket_policy", **{**options, "grants": options["grants"][:1], "purge": False})
    assert outcome["removed"] and all(users["backup"][0] in line for line in outcome["removed"])
    assert refused(users["backup"][1].list_objects_v2, Bucket=bucket) == "AccessDenied"
    outcome = four_times("bucket_policy", **{**options, "preset": "private", "grants": options["grants"][:1]})
    assert all("anybody" in line for line in outcome["removed"])
    assert users["app"][1].list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    four_times("bucket_policy", **{**options, "preset": "private", "grants": [], "purge": False})
    assert refused(users["app"][1].list_objects_v2, Bucket=bucket) == "AccessDenied"
