# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that let their bearer do one thing with one object of the bucket, as the app makes them."""

from __future__ import annotations

import boto3
from botocore.config import Config

from tests.e2e.demo import Demo

BUCKET = "mastodon-media"
INTERNAL = "http://127.0.0.1:9000"


def signed(demo: Demo, endpoint: str, method: str, key: str) -> str:
    """Return a link for one method and one object."""
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=demo.secrets["s3_access_key"],
        aws_secret_access_key=demo.secrets["s3_secret_key"],
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    link: str = client.generate_presigned_url(method, Params={"Bucket": BUCKET, "Key": key}, ExpiresIn=900)
    return link
