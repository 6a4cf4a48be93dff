# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An object store beside the images, with one picture for it."""

from __future__ import annotations

STORAGE: dict[str, str | None] = {
    "S3_ENABLED": "true",
    "S3_BUCKET": "contract",
    "S3_ENDPOINT": "http://services:9000",
    "S3_ALIAS_HOST": "media.example",
    "S3_PERMISSION": "",
    "AWS_ACCESS_KEY_ID": "contract",
    "AWS_SECRET_ACCESS_KEY": "contract",
}
# A picture of one pixel: real Mastodon looks inside.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYPgPAAEEAQBwIGULAAAAAElFTkSuQmCC"
PICTURE = "/tmp/pixel.png"
MAKE_BUCKET = """
require 'aws-sdk-s3'
client = Aws::S3::Client.new(endpoint: ENV['S3_ENDPOINT'], region: 'us-east-1', force_path_style: true)
client.create_bucket(bucket: 'contract')
"""
