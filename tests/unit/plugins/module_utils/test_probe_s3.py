# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store's probe: what it hands to the store, and what it says of the answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _probe_s3
from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, ProbeError
from ansible_collections.fediops.mastodon.plugins.module_utils._s3 import StoreError

SECRETS = {"store_user": "root-of-the-store", "store": "a-secret-that-nobody-sees"}


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What reached the store; `fault` in it makes the round trip fail."""
    found: dict[str, Any] = {}

    def open_store(options: Mapping[str, Any]) -> str:
        found.update(options)
        found["pem"] = Path(options["ca_bundle"]).read_text() if options["ca_bundle"] else ""
        return "a store"

    def round_trip(_store: str, bucket: str) -> None:
        found["bucket"] = bucket
        if "fault" in found:
            raise StoreError(found["fault"])

    monkeypatch.setattr(_probe_s3._s3, "Store", open_store)
    monkeypatch.setattr(_probe_s3._round_trip, "round_trip", round_trip)
    return found


def ask(**more: Any) -> Finding:
    """Ask the probe."""
    context = Context(timeout=3, secrets=SECRETS)
    options = {"url": "https://10.0.0.1:9000", "bucket": "media", "user": "store_user", "secret": "store", **more}
    (found,) = _probe_s3.store(context, **options)
    assert not [secret for secret in SECRETS.values() if secret in f"{found.detail} {found.cure}"]
    return found


def test_a_store_that_works(seen: dict[str, Any]) -> None:
    assert ask(certificate="PEM", region="eu-1").status == "ok"
    assert (seen["access_key"], seen["secret_key"]) == tuple(SECRETS.values())
    assert (seen["pem"], seen["validate_certs"], seen["region"], seen["bucket"]) == ("PEM", True, "eu-1", "media")
    assert not Path(seen["ca_bundle"]).exists()


def test_without_a_certificate_the_host_decides(seen: dict[str, Any]) -> None:
    assert ask().status == "ok"
    assert (seen["ca_bundle"], seen["validate_certs"]) == (None, True)


def test_a_store_that_does_not(seen: dict[str, Any]) -> None:
    seen["fault"] = "cannot write media/x: disk full"
    found = ask(cure="journalctl -u minio")
    assert (found.status, found.detail, found.cure) == ("fail", seen["fault"], "journalctl -u minio")


def test_a_host_without_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_probe_s3._s3, "BOTO3_ERROR", "no module")
    with pytest.raises(ProbeError, match="boto3 is not on this host"):
        ask()
