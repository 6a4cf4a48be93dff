# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging what a stranger may do."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _anonymous
from ansible_collections.fediops.mastodon.plugins.module_utils._anonymous import Probe
from ansible_collections.fediops.mastodon.plugins.module_utils._s3 import UnreachableError

PUBLIC = {"accounts/": "accounts/a.png", "cache/": None}
OPTIONS: dict[str, Any] = {
    "endpoint_url": "http://127.0.0.1:1",
    "path_style": True,
    "connect_timeout": 1,
    "read_timeout": 1,
    "ca_bundle": None,
    "validate_certs": True,
}


@pytest.mark.parametrize(
    ("status", "exists", "ok"),
    [
        (200, True, True),
        (206, True, True),
        (416, True, True),
        (404, True, False),
        (403, True, False),
        (500, True, False),
        (404, False, True),
        (403, False, None),
        (301, False, False),
        (503, False, False),
    ],
)
def test_what_must_be_readable(status: int, exists: bool, ok: bool | None) -> None:
    assert _anonymous.judge(Probe("GET", "accounts/a", readable=True, exists=exists), status).ok is ok


@pytest.mark.parametrize(
    ("status", "ok"),
    [
        (403, True),
        (401, True),
        (405, True),
        (501, True),
        (404, False),
        (200, False),
        (204, False),
        (301, False),
        (500, False),
    ],
)
def test_what_must_be_refused(status: int, ok: bool) -> None:
    """A 404 for a private key says that it could be read if it were there."""
    assert _anonymous.judge(Probe("GET", "backups/x"), status).ok is ok


def test_everything_is_tried() -> None:
    tries = [str(probe) for probe in _anonymous.probes(PUBLIC)]
    for beginning in (
        "GET /accounts/a.png",
        "GET /cache/fediops-",
        "GET /backups/fediops-",
        "GET /?list-type",
        "GET /?policy",
        "GET /?acl",
        "PUT /accounts/",
        "DELETE /cache/",
        "PUT /backups/",
        "PUT /fediops-",
    ):
        assert [text for text in tries if text.startswith(beginning)], beginning


def test_existing_objects_are_only_read() -> None:
    assert {probe.method for probe in _anonymous.probes(PUBLIC) if probe.key == "accounts/a.png"} == {"GET"}


def test_a_key_prefix_stands_before_what_is_private_too() -> None:
    keys = {probe.key for probe in _anonymous.probes({}, "one/") if probe.key}
    assert keys and all(key.startswith("one/") for key in keys)


def test_failures_name_the_request() -> None:
    verdicts = _anonymous.try_all(lambda probe: 200, [Probe("GET", "", "policy"), Probe("GET", "a", readable=True)])
    assert _anonymous.failures(verdicts) == ["GET /?policy answered 200, but nobody may"]


def test_nobody_there() -> None:
    with pytest.raises(UnreachableError, match="GET /x"):
        _anonymous.Stranger(OPTIONS, "media").ask(Probe("GET", "x"))
