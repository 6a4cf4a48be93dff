# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies this collection brings along. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils._media import PUBLIC_PREFIXES, exposes_private
from ansible_collections.fediops.mastodon.plugins.module_utils._policy import VERSION, PolicyError

# A store is told this name together with the statement, so that we find our own one again among those of others.
PUBLIC_READ_SID = "MastodonPublicRead"
GRANT_SID = "MastodonGrant"  # and a number

_READ = (["s3:GetBucketLocation", "s3:ListBucket"], ["s3:GetObject"])
_WRITE = (
    [*_READ[0], "s3:ListBucketMultipartUploads"],
    [*_READ[1], "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:PutObject"],
)
# What each kind of access needs, on the bucket and on its objects. Who may not name a version cannot get rid of one:
# in a bucket with versioning, a stolen key of the app destroys nothing. AWS always told the two deletions apart, silo
# does since September 2026.
ACCESS: dict[str, tuple[list[str], list[str]]] = {
    "read_write": _WRITE,
    "read_only": _READ,
    "read_write_versions": (
        [*_WRITE[0], "s3:ListBucketVersions"],
        [*_WRITE[1], "s3:DeleteObjectVersion", "s3:GetObjectVersion"],
    ),
}


def public_read(bucket: str, prefixes: Sequence[str] = PUBLIC_PREFIXES, key_prefix: str = "") -> dict[str, Any]:
    """Anybody may read the objects below the prefixes, and do nothing else: no listing, no other key."""
    for prefix in prefixes:
        if not prefix.endswith("/") or prefix.startswith("/") or "*" in prefix or "?" in prefix:
            raise PolicyError(f"a public prefix is a folder such as 'accounts/', not {prefix!r}")
        if exposes_private(prefix):
            raise PolicyError(f"the prefix {prefix!r} would let anybody read users' archives")
    folder = f"{key_prefix.strip('/')}/" if key_prefix.strip("/") else ""
    return {
        "Version": VERSION,
        "Statement": [
            {
                "Sid": PUBLIC_READ_SID,
                "Effect": "Allow",
                "Principal": {"AWS": ["*"]},
                "Action": ["s3:GetObject"],
                "Resource": [f"arn:aws:s3:::{bucket}/{folder}{prefix}*" for prefix in sorted(set(prefixes))],
            }
        ],
    }


def grants(bucket: str, wanted: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Let some of a store's users work with the objects of a bucket, where its policy is what gives them rights."""
    found: list[dict[str, Any]] = []
    for grant in wanted:
        if grant["principal"].strip() in ("", "*"):
            raise PolicyError("a grant names a user; what anybody may do is a matter of presets")
        for statement in bucket_access([bucket], grant["access"])["Statement"]:
            sid = f"{GRANT_SID}{len(found) + 1}"
            found.append({"Sid": sid, **statement, "Principal": {"AWS": [grant["principal"]]}})
    return found


def bucket_access(buckets: Sequence[str], access: str) -> dict[str, Any]:
    """What a user needs to work with the objects of some buckets, and nothing that changes the buckets themselves.

    The statement about the buckets names them bare: stores no longer let `bucket/*` stand for the bucket itself.
    """
    arns = [f"arn:aws:s3:::{bucket}" for bucket in buckets]
    return {
        "Version": VERSION,
        "Statement": [
            {"Effect": "Allow", "Action": ACCESS[access][0], "Resource": arns},
            {"Effect": "Allow", "Action": ACCESS[access][1], "Resource": [f"{arn}/*" for arn in arns]},
        ],
    }
