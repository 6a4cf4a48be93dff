# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Try what the app's key and the copier's key can do. The keys come on standard input."""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

given = json.load(sys.stdin)
app, copier = given["users"]


def client(user, secret=""):
    return boto3.client(
        "s3",
        endpoint_url=given["server"],
        region_name=given["region"],
        verify=given["trusted"],
        aws_access_key_id=user["access_key"],
        aws_secret_access_key=secret or user["secret_key"],
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )


def refused(code, call, **options):
    try:
        call(**options)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
    else:
        raise AssertionError(f"{call} with {options} was not refused")


media = {"Bucket": "mastodon-media"}
s3 = client(app)
s3.put_object(**media, Key="backups/dumps/archive.zip", Body=b"archive", ACL="private")
assert s3.get_object(**media, Key="backups/dumps/archive.zip")["Body"].read() == b"archive"
assert "backups/dumps/archive.zip" in [entry["Key"] for entry in s3.list_objects_v2(**media)["Contents"]]
upload = s3.create_multipart_upload(**media, Key="accounts/big")["UploadId"]
s3.upload_part(**media, Key="accounts/big", UploadId=upload, PartNumber=1, Body=b"x")
s3.abort_multipart_upload(**media, Key="accounts/big", UploadId=upload)
s3.delete_objects(**media, Delete={"Objects": [{"Key": "backups/dumps/archive.zip"}]})
assert s3.get_bucket_location(**media)["LocationConstraint"] == given["region"]

refused("AccessDenied", s3.get_bucket_policy, **media)
refused("AccessDenied", s3.put_bucket_policy, **media, Policy="{}")
refused("AccessDenied", s3.delete_bucket_policy, **media)
refused("AccessDenied", s3.delete_bucket, **media)
refused("AccessDenied", s3.put_bucket_versioning, **media, VersioningConfiguration={"Status": "Suspended"})
refused("AccessDenied", s3.list_objects_v2, Bucket="database-backups")
refused("AccessDenied", s3.put_object, Bucket="database-backups", Key="x", Body=b"")
refused("AccessDenied", s3.create_bucket, Bucket="one-more")
refused("SignatureDoesNotMatch", client(app, "another-secret-of-the-app").list_objects_v2, **media)

reader = client(copier)
assert reader.get_object(**media, Key="site_uploads/canary.txt")["Body"].read()
refused("AccessDenied", reader.put_object, **media, Key="accounts/x", Body=b"")
refused("AccessDenied", reader.delete_object, **media, Key="site_uploads/canary.txt")
