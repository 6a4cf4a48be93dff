# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the presets open, and what they never do."""

from __future__ import annotations

import fnmatch

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _media, _policy, _policy_presets
from ansible_collections.fediops.mastodon.plugins.module_utils._policy import PolicyError


def allowed(document: dict[str, object], action: str, resource: str) -> bool:
    """Tell whether a policy without conditions and denials allows something, as a store would."""
    return any(
        fnmatch.fnmatchcase(action.lower(), atom.action) and fnmatch.fnmatchcase(resource, atom.resource)
        for atom in _policy.atoms(document)
    )


@pytest.mark.parametrize(
    ("key", "readable"),
    [
        ("accounts/avatars/1/original/a.png", True),
        ("cache/media_attachments/files/1/original/a.mp4", True),
        ("site_uploads/files/a.png", True),
        ("backups/dumps/1/original/archive.zip", False),
        ("accountsx", False),
        ("x/accounts/a", False),
        ("", False),
    ],
)
def test_public_read(key: str, readable: bool) -> None:
    document = _policy_presets.public_read("media")
    assert allowed(document, "s3:GetObject", f"arn:aws:s3:::media/{key}") is readable
    assert not allowed(document, "s3:PutObject", f"arn:aws:s3:::media/{key}")
    assert not allowed(document, "s3:ListBucket", "arn:aws:s3:::media")


@pytest.mark.parametrize("folder", ["one", "one/", "/one/"])
def test_key_prefix(folder: str) -> None:
    document = _policy_presets.public_read("media", key_prefix=folder)
    assert allowed(document, "s3:GetObject", "arn:aws:s3:::media/one/accounts/a")
    assert not allowed(document, "s3:GetObject", "arn:aws:s3:::media/accounts/a")


@pytest.mark.parametrize("prefix", ["backups/", "backups/dumps/", "backups", "/", "", "/accounts/", "a*/", "b?ckups/"])
def test_dangerous_prefixes_are_refused(prefix: str) -> None:
    with pytest.raises(PolicyError, match="prefix"):
        _policy_presets.public_read("media", [*_media.PUBLIC_PREFIXES, prefix])


def test_the_app_needs_no_rights_on_the_bucket_itself_but_these() -> None:
    document = _policy_presets.bucket_access(["media"], "read_write")
    for action in ("PutBucketPolicy", "DeleteBucket", "GetBucketPolicy", "PutBucketVersioning", "GetObject"):
        assert not allowed(document, f"s3:{action}", "arn:aws:s3:::media")
    for action in ("ListBucket", "GetBucketLocation", "ListBucketMultipartUploads"):
        assert allowed(document, f"s3:{action}", "arn:aws:s3:::media")
    for action in ("GetObject", "PutObject", "DeleteObject", "AbortMultipartUpload", "ListMultipartUploadParts"):
        assert allowed(document, f"s3:{action}", "arn:aws:s3:::media/backups/dumps/1.zip")
        assert not allowed(document, f"s3:{action}", "arn:aws:s3:::other/x")


@pytest.mark.parametrize("access", ["read_only", "read_write"])
def test_old_versions_are_safe_from_the_app(access: str) -> None:
    document = _policy_presets.bucket_access(["media"], access)
    assert not allowed(document, "s3:DeleteObjectVersion", "arn:aws:s3:::media/accounts/a")
    assert not allowed(document, "s3:PutBucketVersioning", "arn:aws:s3:::media")


def test_who_empties_a_bucket_names_versions() -> None:
    document = _policy_presets.bucket_access(["media"], "read_write_versions")
    assert allowed(document, "s3:DeleteObjectVersion", "arn:aws:s3:::media/accounts/a")
    assert allowed(document, "s3:ListBucketVersions", "arn:aws:s3:::media")
    assert not allowed(document, "s3:DeleteBucket", "arn:aws:s3:::media")


def test_grants_name_the_user_and_the_bucket_in_every_statement() -> None:
    wanted = [{"principal": "app", "access": "read_write"}, {"principal": "backup", "access": "read_only"}]
    statements = _policy_presets.grants("media", wanted)
    assert len({statement["Sid"] for statement in statements}) == len(statements) == 4
    atoms = _policy.atoms({"Version": _policy.VERSION, "Statement": statements})
    assert {atom.principal for atom in atoms} == {"AWS app", "AWS backup"}
    assert {atom.action for atom in atoms if atom.principal == "AWS backup"} == {
        "s3:getbucketlocation",
        "s3:listbucket",
        "s3:getobject",
    }


@pytest.mark.parametrize("principal", ["*", "", " * "])
def test_a_grant_to_anybody_is_refused(principal: str) -> None:
    with pytest.raises(PolicyError, match="names a user"):
        _policy_presets.grants("media", [{"principal": principal, "access": "read_only"}])


@pytest.mark.parametrize("access", _policy_presets.ACCESS)
def test_bucket_level_actions_name_the_bare_bucket(access: str) -> None:
    """A store of today does not let bucket/* stand for the bucket, and refuses an ARN without a bucket."""
    of_bucket = {"s3:getbucketlocation", "s3:listbucket", "s3:listbucketmultipartuploads", "s3:listbucketversions"}
    for atom in _policy.atoms(_policy_presets.bucket_access(["media"], access)):
        assert atom.resource == ("arn:aws:s3:::media" if atom.action in of_bucket else "arn:aws:s3:::media/*")
        assert "*" not in atom.action


def test_read_only_cannot_write() -> None:
    document = _policy_presets.bucket_access(["media", "other"], "read_only")
    assert allowed(document, "s3:GetObject", "arn:aws:s3:::other/x")
    assert not {atom.action for atom in _policy.atoms(document)} & {"s3:putobject", "s3:deleteobject", "s3:*", "*"}
