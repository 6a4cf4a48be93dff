#!/usr/bin/env python3
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spread files over the three places: each on one to three of them, its bytes following from its name."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import boto3

given = json.load(sys.stdin)
Path("/srv/given.json").write_text(json.dumps(given))
stores = [
    boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=given["user"],
        aws_secret_access_key=given["password"],
    )
    for url in given["stores"]
]
dice = random.Random(1)
held: dict[str, list[str]] = {}
for number in range(given["files"]):
    end, most = ("mp4", 3_000_000) if number % 10 == 0 else ("png", 200_000)
    path = f"media_attachments/files/000/000/{number:03}/original/{number}.{end}"
    content = random.Random(path).randbytes(dice.randint(1, most))
    names = dice.sample(["own", "second", "foreign"], dice.randint(1, 3))
    for name, store in zip(("own", "second"), stores):
        if name in names:
            store.put_object(Bucket="mastodon-media", Key=path, Body=content, ContentType="image/png")
    if "foreign" in names:
        file = Path("/srv/foreign") / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    held[path] = names
    kept = Path("/srv/truth") / path
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(content)
Path("/srv/held.json").write_text(json.dumps(held))
