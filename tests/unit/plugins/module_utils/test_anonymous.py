# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging what a stranger may do."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _anonymous
from ansible_collections.fediops.mastodon.plugins.module_utils._anonymous import Probe
from ansible_collections.fediops.mastodon.plugins.module_utils._s3 import UnreachableError

PUBLIC = ["accounts/a.png", "cache/x/fediops-probe"]
CLOSED = ["backups/fediops-probe", "fediops-probe"]
OPTIONS: dict[str, Any] = {
    "endpoint_url": "http://127.0.0.1:1",
    "path_style": True,
    "connect_timeout": 1,
    "read_timeout": 1,
    "ca_bundle": None,
    "validate_certs": True,
}


@pytest.mark.parametrize(
    ("status", "ok"),
    [(200, True), (206, True), (416, True), (404, False), (403, False), (500, False), (301, False), (400, False)],
)
def test_what_must_be_readable(status: int, ok: bool) -> None:
    assert _anonymous.judge(Probe("GET", "accounts/a", readable=True), status).ok is ok


@pytest.mark.parametrize(
    ("status", "ok"),
    [
        (403, True),
        (401, True),
        (405, True),
        (501, True),
        (400, True),
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


def test_a_broken_request_that_is_called_broken_was_allowed() -> None:
    assert _anonymous.judge(Probe("PUT", "", "policy", broken=True), 403).ok
    assert not _anonymous.judge(Probe("PUT", "", "policy", broken=True), 400).ok


def test_everything_is_tried() -> None:
    tries = [str(probe) for probe in _anonymous.probes(PUBLIC, CLOSED, has_policies=True)]
    assert len(set(tries)) == len(tries)
    for text in (
        "GET /accounts/a.png",
        "GET /cache/x/fediops-probe",
        "GET /backups/fediops-probe",
        "GET /fediops-probe",
        "GET /",
        "GET /?list-type=2&max-keys=1",
        "GET /?uploads",
        "GET /?versions",
        "GET /?policy",
        "GET /?acl",
        "GET /backups/fediops-probe?acl",
        f"PUT /accounts/{_anonymous.ATTEMPT}",
        f"DELETE /cache/x/{_anonymous.ATTEMPT}",
        f"PUT /backups/{_anonymous.ATTEMPT}",
        f"DELETE /{_anonymous.ATTEMPT}",
        "PUT /?policy",
        "PUT /?acl",
    ):
        assert text in tries, text
    assert not [text for text in map(str, _anonymous.probes(PUBLIC, CLOSED, has_policies=False)) if "policy" in text]


def test_nothing_that_exists_can_be_lost() -> None:
    for probe in _anonymous.probes(PUBLIC, CLOSED, has_policies=True):
        assert probe.method == "GET" or probe.broken or probe.key.endswith(_anonymous.ATTEMPT)
        assert not probe.broken or not probe.key
        assert probe.readable is (probe.key in PUBLIC and probe.method == "GET" and not probe.query)


def test_failures_name_the_request() -> None:
    verdicts = _anonymous.try_all(lambda probe: 200, [Probe("GET", "", "policy"), Probe("GET", "a", readable=True)])
    assert _anonymous.failures(verdicts) == ["GET /?policy answered 200, but nobody may"]


def test_nobody_there() -> None:
    with pytest.raises(UnreachableError, match="GET /x"):
        _anonymous.Stranger(OPTIONS, "media").ask(Probe("GET", "x"))
