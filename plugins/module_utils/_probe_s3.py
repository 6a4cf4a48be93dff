# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe of an S3 store, from a host that has python3-boto3. PRIVATE to the collection."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

from ansible_collections.fediops.mastodon.plugins.module_utils import _round_trip, _s3
from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding, fail, ok
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, ProbeError


def store(
    context: Context,
    *,
    url: str,
    bucket: str,
    user: str,
    secret: str,
    region: str = "us-east-1",
    certificate: str = "",
    cure: str = "",
) -> Iterator[Finding]:
    """Write, read and delete an object; `user` and `secret` are names of what was handed over."""
    if _s3.BOTO3_ERROR:
        raise ProbeError("python3-boto3 is not on this host", "Run site.yml: role minio installs it")
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as trusted:
        trusted.write(certificate)
        trusted.flush()
        options = {
            "endpoint_url": url,
            "access_key": context.secret(user),
            "secret_key": context.secret(secret),
            "region": region,
            "path_style": True,
            "validate_certs": True,
            "ca_bundle": trusted.name if certificate else context.ca_file or None,
            "connect_timeout": context.timeout,
            "read_timeout": context.timeout,
        }
        try:
            _round_trip.round_trip(_s3.Store(options), bucket)
        except _s3.StoreError as error:
            yield fail(str(error), cure)
        else:
            yield ok("an object was written, read and deleted")
