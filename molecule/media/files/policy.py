#!/usr/bin/env python3
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the policy of the own store away, so that it refuses everybody, or put it back: policy.py away|back."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import boto3

KEPT = Path("/srv/policy.json")
given = json.loads(Path("/srv/given.json").read_text())
store = boto3.client(
    "s3",
    endpoint_url=given["stores"][0],
    region_name="us-east-1",
    aws_access_key_id=given["user"],
    aws_secret_access_key=given["password"],
)
if sys.argv[1] == "away":
    KEPT.write_text(store.get_bucket_policy(Bucket="mastodon-media")["Policy"])
    store.delete_bucket_policy(Bucket="mastodon-media")
else:
    store.put_bucket_policy(Bucket="mastodon-media", Policy=KEPT.read_text())
