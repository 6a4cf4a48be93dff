# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a bucket that are read, replaced and removed as a whole. PRIVATE to the collection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils._s3 import NotFoundError, Store


@dataclass(frozen=True)
class Setting:
    """The names that S3 and boto3 have for one of them."""

    title: str
    get: str
    put: str
    delete: str
    answer: tuple[str, ...]  # where the value is in an answer
    request: tuple[str, ...]  # where it goes in a request
    missing: str  # code of the error that says that there is none


SETTINGS = {
    "cors": Setting(
        "CORS rules",
        "get_bucket_cors",
        "put_bucket_cors",
        "delete_bucket_cors",
        ("CORSRules",),
        ("CORSConfiguration", "CORSRules"),
        "NoSuchCORSConfiguration",
    ),
    "lifecycle": Setting(
        "lifecycle",
        "get_bucket_lifecycle_configuration",
        "put_bucket_lifecycle_configuration",
        "delete_bucket_lifecycle",
        ("Rules",),
        ("LifecycleConfiguration", "Rules"),
        "NoSuchLifecycleConfiguration",
    ),
    "public_access_block": Setting(
        "public access block",
        "get_public_access_block",
        "put_public_access_block",
        "delete_public_access_block",
        ("PublicAccessBlockConfiguration",),
        ("PublicAccessBlockConfiguration",),
        "NoSuchPublicAccessBlockConfiguration",
    ),
    "ownership": Setting(
        "object ownership",
        "get_bucket_ownership_controls",
        "put_bucket_ownership_controls",
        "delete_bucket_ownership_controls",
        ("OwnershipControls", "Rules"),
        ("OwnershipControls", "Rules"),
        "OwnershipControlsNotFoundError",
    ),
}


def read(store: Store, bucket: str, name: str) -> Any:
    """Return the setting as S3 has it, None when there is none."""
    setting = SETTINGS[name]
    try:
        value: Any = store.call(f"read the {setting.title} of the bucket {bucket}", setting.get, Bucket=bucket)
    except NotFoundError as error:
        if error.code == setting.missing:
            return None
        raise
    for key in setting.answer:
        value = value.get(key) or {}
    return value or None


def write(store: Store, bucket: str, name: str, value: Any) -> None:
    """Replace the setting, or remove it when the value is empty."""
    setting = SETTINGS[name]
    doing = f"write the {setting.title} of the bucket {bucket}"
    if not value:
        store.call(doing, setting.delete, Bucket=bucket)
        return
    for key in reversed(setting.request[1:]):
        value = {key: value}
    store.call(doing, setting.put, Bucket=bucket, **{setting.request[0]: value})
