# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a certificate is kept, announced and replaced."""

from __future__ import annotations

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _certificates
from hypothesis import given
from hypothesis import strategies as some

DAYS = 80
DAY = 86400
SAID = """notAfter=Nov  5 04:30:09 2036 GMT
X509v3 Subject Alternative Name: 
    DNS:s3.Example.org, IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:0:1
-----BEGIN PUBLIC KEY-----
MFkw
-----END PUBLIC KEY-----
"""  # noqa: W291 - OpenSSL writes the blank


def test_what_openssl_says_is_understood() -> None:
    found = _certificates.parse(SAID)
    assert found is not None
    assert found.ends == 2109472209
    key = _certificates.parse_key(SAID)
    assert found.serves(["fd00::1", "10.0.0.1", "S3.example.org"], key, 2109472208)
    assert not found.serves(["fd00::1", "10.0.0.1", "s3.example.org"], key, 2109472209)
    assert not found.serves(["10.0.0.1", "s3.example.org"], key, 0)
    assert not found.serves(["fd00::1", "10.0.0.1", "s3.example.org"], key.replace("MFkw", "MFkx"), 0)


def test_rubbish_is_no_certificate() -> None:
    assert _certificates.parse("") is None
    assert _certificates.parse(SAID.replace("notAfter", "notBefore")) is None
    assert _certificates.parse_key("Could not open file") == ""


def test_subjects() -> None:
    assert [_certificates.subject(name) for name in ("10.0.0.1", "fd00::1", "localhost")] == [
        "IP:10.0.0.1",
        "IP:fd00::1",
        "DNS:localhost",
    ]


@pytest.mark.parametrize(
    ("shown", "successor", "action"),
    [
        (None, None, "make"),
        (None, 90, "switch"),
        (80, None, "keep"),
        (21, None, "keep"),
        (20, None, "announce"),
        (1, None, "announce"),
        (20, 100, "keep"),
        (11, 100, "keep"),
        (10, 100, "switch"),
        (10, 10, "announce"),
    ],
)
def test_decisions(shown: int | None, successor: int | None, action: str) -> None:
    ends = [end if end is None else end * DAY + 1000.0 for end in (shown, successor)]
    assert _certificates.decide(*ends, DAYS, 1000.0) == action


@given(some.lists(some.integers(0, 9), max_size=60))
def test_clients_of_the_last_run_know_what_is_shown_by_this_one(pauses: list[int]) -> None:
    """Whenever the runs come, as long as no pause is longer than an eighth of the time."""
    now, shown, known = 0.0, DAYS * DAY * 1.0, {DAYS * DAY * 1.0}
    successor: float | None = None
    for pause in pauses:
        now += pause * DAY
        action = _certificates.decide(shown if shown > now else None, successor, DAYS, now)
        assert action != "make"
        if action == "announce":
            successor = now + DAYS * DAY
        elif action == "switch":
            assert successor is not None
            shown, successor = successor, None
        assert shown in known
        known = {end for end in (shown, successor) if end is not None}
