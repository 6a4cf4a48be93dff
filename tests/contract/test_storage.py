# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an upload goes, and by which address it is known. Asked only with --minio."""

from __future__ import annotations

import json

import pytest

from tests.contract.bed import Bed
from tests.contract.store import PICTURE, STORAGE

DESCRIBE = """
file = MediaAttachment.last.file
object = file.s3_object
print JSON.generate(url: file.url, signed: file.expiring_url, key: object.key, cache_control: object.cache_control)
"""


@pytest.fixture(scope="module")
def stored(bed: Bed, bucket: str, token: str) -> dict[str, str]:
    """An uploaded picture."""
    bed.web("storing", change=STORAGE)
    upload = ("--form", f"file=@{PICTURE};type=image/png")
    answer = bed.page("/api/v2/media", f"Authorization: Bearer {token}", alias="storing", options=upload)
    assert answer.status == 200, answer.body
    description: dict[str, str] = json.loads(bed.runner(DESCRIBE, STORAGE))
    return description


def test_s3_key(stored: dict[str, str]) -> None:
    assert stored["key"].startswith("media_attachments/files/")


def test_s3_public_url(stored: dict[str, str]) -> None:
    assert stored["url"] == f"https://media.example/{stored['key']}"


def test_s3_cache_control(stored: dict[str, str]) -> None:
    assert stored["cache_control"] == "public, max-age=315576000, immutable"


def test_s3_signed_url(stored: dict[str, str]) -> None:
    assert stored["signed"].startswith(f"http://services:9000/contract/{stored['key']}?")
    assert "X-Amz-Signature=" in stored["signed"]


def test_s3_empty_alias(bed: Bed, stored: dict[str, str]) -> None:
    url = bed.runner("print MediaAttachment.last.file.url", {**STORAGE, "S3_ALIAS_HOST": ""})
    assert url == f"https:///{stored['key']}"
