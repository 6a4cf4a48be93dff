# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of stores, what each is known to lack, and what Mastodon needs with it. PRIVATE to the collection.

A feature that stands in no `lacks` is asked for: what a store answers is truer than any table. The table is for what an
answer does not tell, or tells in a way that looks like something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

FEATURES = (
    "policy",
    "acl",  # of single objects, which Mastodon sets to hide what moderators took down
    "versioning",
    "cors",
    "lifecycle",
    "lifecycle_of_uploads",  # those that were never finished
    "public_access_block",
    "ownership",
)
OTHER = "other"

# Mastodon's own are 5 s, 5 s and not one retry, so that a busy store loses uploads (config/initializers/paperclip.rb).
NEAR = {"S3_OPEN_TIMEOUT": 5, "S3_READ_TIMEOUT": 15, "S3_RETRY_LIMIT": 3}
# Across the internet a connection may take a second packet, and providers answer 503 when they want to be asked again.
FAR = {"S3_OPEN_TIMEOUT": 10, "S3_READ_TIMEOUT": 60, "S3_RETRY_LIMIT": 5}

# SDKs of 2025 and later add checksums of a newer kind to every upload, which many stores that are not AWS refuse or
# store as part of the object: https://github.com/boto/boto3/issues/4392
NO_NEW_CHECKSUMS = {
    "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
}


@dataclass(frozen=True)
class Kind:
    """One kind of store."""

    title: str
    lacks: frozenset[str] = frozenset()
    instead: str = ""  # how anybody gets to read what is public, where there is no bucket policy
    environment: Mapping[str, object] = field(default_factory=dict)  # beyond what all have
    hosts: tuple[str, ...] = ()  # its endpoints end so; a provider's endpoint names the region before that
    minio_admin: bool = False  # users and their policies are made through MinIO's admin API


KINDS: Mapping[str, Kind] = {
    # cmd/api-router.go rejects acl, publicAccessBlock and ownershipControls. CORS: silo since 2026-09-03, upstream
    # never. PutObjectAcl is authorised as PutBucketPolicy, so Mastodon's suspensions fail with any S3_PERMISSION.
    # internal/bucket/lifecycle/rule.go reads no AbortIncompleteMultipartUpload; the server drops uploads after a day.
    "minio": Kind(
        "MinIO or silo",
        frozenset({"acl", "lifecycle_of_uploads", "public_access_block", "ownership"}),
        environment=NEAR,
        minio_admin=True,
    ),
    # ACLs are off in buckets made since April 2023 (BucketOwnerEnforced), and a public access block is on: it must
    # be opened before a public policy: https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
    # Path style is going away there; the variable with the inverted name turns it off.
    "aws": Kind(
        "Amazon S3",
        environment={
            **FAR,
            "S3_OVERRIDE_PATH_STYLE": True,
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_supported",
            "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_supported",
        },
        hosts=(".amazonaws.com", ".amazonaws.com.cn"),
    ),
    # PutBucketPolicy is for some enterprise accounts only: https://www.backblaze.com/apidocs/putbucketpolicy
    # Object ACLs are the bucket's: https://www.backblaze.com/docs/cloud-storage-s3-compatible-api
    "b2": Kind(
        "Backblaze B2",
        frozenset({"policy", "acl", "public_access_block", "ownership"}),
        "make the bucket public in B2's console, and let the media host alone hand out what is in it: it must refuse "
        "backups/, which a public bucket opens too",
        environment=FAR,
        hosts=(".backblazeb2.com",),
    ),
    # https://developers.cloudflare.com/r2/api/s3/api/ lists policy, ACL, versioning, public access block and ownership
    # as not implemented.
    "r2": Kind(
        "Cloudflare R2",
        frozenset({"policy", "acl", "versioning", "public_access_block", "ownership"}),
        "connect a custom domain to the bucket, and refuse backups/ there by a rule",
        environment=FAR,
        hosts=(".r2.cloudflarestorage.com",),
    ),
    # Downloads in parts fail there: Mastodon's documentation, admin/optional/object-storage, S3_FORCE_SINGLE_REQUEST.
    # Public policies need a paid account: https://docs.wasabi.com/apidocs/operations-on-buckets-1
    "wasabi": Kind("Wasabi", environment={**FAR, "S3_FORCE_SINGLE_REQUEST": True}, hosts=(".wasabisys.com",)),
    # https://garagehq.deuxfleurs.fr/documentation/reference-manual/s3-compatibility/ : keys have rights per bucket,
    # reading versioning answers, writing it does not work.
    "garage": Kind(
        "Garage",
        frozenset({"policy", "acl", "versioning", "public_access_block", "ownership"}),
        "allow the bucket as a website (garage bucket website --allow), let the media host read it there, and let it "
        "refuse backups/",
        environment=NEAR,
    ),
    # Before 4.0 it took policies and did not obey them: https://github.com/seaweedfs/seaweedfs/issues/7469, so verify.
    "seaweedfs": Kind("SeaweedFS", environment=NEAR),
    # https://docs.ceph.com/en/latest/radosgw/s3/ : all of them, in what a release has.
    "ceph": Kind("Ceph", environment=NEAR),
    # s3api/router.go answers NotImplemented to lifecycle and publicAccessBlock. Objects have no ACL of their own.
    "versity": Kind(
        "Versity S3 Gateway",
        frozenset({"acl", "lifecycle", "lifecycle_of_uploads", "public_access_block"}),
        environment=NEAR,
    ),
    OTHER: Kind("another store", environment=FAR),
}


def lacks(kind: str, feature: str) -> str:
    """Say that a kind of store is known not to have a feature; empty when it may have it."""
    found = KINDS[kind]
    if feature not in found.lacks:
        return ""
    return f"{found.title} is known not to have {feature.replace('_', ' ')}"


def environment(kind: str) -> dict[str, object]:
    """Return the variables of Mastodon's environment that depend on the kind of store.

    S3_PERMISSION is not among them: it is empty with every kind, as a bucket policy says who may read. The ACL that it
    would send is refused by stores without ACLs, and on the others the policy would outweigh it.
    """
    return {**NO_NEW_CHECKSUMS, **KINDS[kind].environment}


def of_endpoint(url: str) -> str:
    """Return the kind that an endpoint's name gives away; empty for a name of one's own."""
    host = (urlsplit(url).hostname or "").lower()
    return next((name for name, kind in KINDS.items() if host.endswith(kind.hosts)), "")


def region_of_endpoint(url: str) -> str:
    """Return the region in a provider's endpoint (s3.REGION.provider, s3-REGION.provider), empty when there is none."""
    host = (urlsplit(url).hostname or "").lower()
    name = of_endpoint(url)
    ending = next((ending for ending in KINDS[name].hosts if host.endswith(ending)), "") if name else ""
    words = host[: -len(ending)].replace("s3-", "s3.", 1).split(".") if ending else []
    return words[-1] if len(words) > 1 and words[-2] in ("s3", "dualstack") else ""
