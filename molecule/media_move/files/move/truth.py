# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each file must be: its bytes and its headers follow from its name, so nobody has to keep them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

HERE = Path("/srv/move")
BUCKET = "mastodon-media"
CACHE_CONTROL = "public, max-age=315576000, immutable"
DISK = Path("/srv/old/system")
TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "mp4": "video/mp4", "zip": "application/zip"}
MIB = 2**20


def size(key: str) -> int:
    """Up to 10 KB, or 8 to 40 MiB for a video."""
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big")
    return 8 * MIB + number % (32 * MIB) if key.endswith(".mp4") else 200 + number % 9800


def content(key: str) -> bytes:
    """Every block is different, so that a missing or a repeated one is noticed."""
    blocks = (hashlib.sha256(f"{key} {number}".encode()).digest() * 2048 for number in range(size(key) // 65536 + 1))
    return b"".join(blocks)[: size(key)]


def content_type(key: str) -> str:
    """By the ending, as Mastodon has it."""
    return TYPES[key.rpartition(".")[2]]


def given() -> dict[str, Any]:
    """What the playbook said: stores and counts."""
    found: dict[str, Any] = json.loads((HERE / "given.json").read_text())
    return found


def store(name: str) -> Any:
    """A client of the old or the new store."""
    told = given()[name]
    return boto3.client(
        "s3",
        endpoint_url=told["url"],
        region_name="us-east-1",
        aws_access_key_id=told["user"],
        aws_secret_access_key=told["password"],
        config=Config(max_pool_connections=16, retries={"total_max_attempts": 6, "mode": "standard"}),
    )


def held() -> dict[str, str]:
    """Every file by its key, and where it was in the beginning: old, disk, or app for uploads of later."""
    found: dict[str, str] = json.loads((HERE / "held.json").read_text())
    return found


def deleted() -> set[str]:
    """Keys that nobody reads any more."""
    path = HERE / "deleted.json"
    return set(json.loads(path.read_text())) if path.exists() else set()


def damaged() -> set[str]:
    """Keys of copies that we have damaged ourselves, and that nobody has mended yet."""
    path = HERE / "damaged.json"
    return set(json.loads(path.read_text())) if path.exists() else set()


def write(name: str, value: Any) -> None:
    """Write a file that no reader sees half."""
    new = HERE / f"{name}.new"
    new.write_text(json.dumps(value))
    new.rename(HERE / name)


def put(client: Any, key: str, body: bytes | None = None, bare: bool = False) -> None:
    """Upload a file as Mastodon does: large ones in parts, so that their tag is no MD5. A bare one has no headers."""
    body = content(key) if body is None else body
    headers = {} if bare else {"ContentType": content_type(key), "CacheControl": CACHE_CONTROL}
    if len(body) < 5 * MIB:
        client.put_object(Bucket=BUCKET, Key=key, Body=body, **headers)
        return
    upload = client.create_multipart_upload(Bucket=BUCKET, Key=key, **headers)["UploadId"]
    parts = []
    for number, start in enumerate(range(0, len(body), 5 * MIB), 1):
        piece = body[start : start + 5 * MIB]
        tag = client.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=number, Body=piece)["ETag"]
        parts.append({"PartNumber": number, "ETag": tag})
    client.complete_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})
