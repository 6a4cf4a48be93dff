# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two buckets of a store that knows ACLs of objects: fill the old one, compare them, or damage the new one."""

from __future__ import annotations

import sys

import boto3

STORE = boto3.client(
    "s3",
    endpoint_url="http://127.0.0.1:5000",
    region_name="us-east-1",
    aws_access_key_id="moto",
    aws_secret_access_key="moto-secret",
)
EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"
KEYS = {f"media_attachments/files/{acl}-{number}.png": acl for acl in ("public", "hidden") for number in range(5)}


def put(bucket: str, key: str, acl: str) -> None:
    """Write an object, or write it anew."""
    canned = {"public": "public-read", "hidden": "private"}[acl]
    STORE.put_object(Bucket=bucket, Key=key, Body=key.encode() * 99, ContentType="image/png", ACL=canned)


def state(bucket: str) -> dict[str, tuple[bytes, str, bool]]:
    """Return content, type and whether everybody may read, by key."""
    found = {}
    for entry in STORE.list_objects_v2(Bucket=bucket).get("Contents", []):
        key = entry["Key"]
        answer = STORE.get_object(Bucket=bucket, Key=key)
        grants = STORE.get_object_acl(Bucket=bucket, Key=key)["Grants"]
        public = any(grant["Grantee"].get("URI") == EVERYBODY for grant in grants)
        found[key] = (answer["Body"].read(), answer["ContentType"], public)
    return found


def main() -> None:
    """Do what is asked for."""
    if sys.argv[1] == "fill":
        for bucket in ("old", "new"):
            STORE.create_bucket(Bucket=bucket)
        for key, acl in KEYS.items():
            put("old", key, acl)
    elif sys.argv[1] == "damage":
        STORE.put_object_acl(Bucket="new", Key="media_attachments/files/hidden-0.png", ACL="public-read")
        STORE.put_object_acl(Bucket="new", Key="media_attachments/files/public-0.png", ACL="private")
        put("old", "media_attachments/files/hidden-9.png", "hidden")
    else:
        old, new = state("old"), state("new")
        wrong = sorted(key for key in old | new if old.get(key) != new.get(key))
        shown = {key for key, (_body, _type, public) in old.items() if public}
        if wrong or shown != {key for key, acl in KEYS.items() if acl == "public"}:
            sys.exit(f"not alike: {wrong}; public at the old store: {sorted(shown)}")


if __name__ == "__main__":
    main()
