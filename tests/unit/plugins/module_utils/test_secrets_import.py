# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The env files that instances in the wild have."""

from __future__ import annotations

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils._secrets_import import conflicts, from_env_file


@pytest.mark.parametrize(
    "line",
    [
        "DB_PASS=s3cret-value",
        "DB_PASS='s3cret-value'",
        'DB_PASS="s3cret-value"',
        "export DB_PASS=s3cret-value",
        "DB_PASS: s3cret-value",
        "  DB_PASS = s3cret-value   ",
        "DB_PASS=s3cret-value # the new one",
        "DB_PASS='s3cret-value' # the new one",
        "DB_PASS=old\nDB_PASS=s3cret-value",
    ],
)
def test_forms_of_a_line(line: str) -> None:
    assert from_env_file(f"# A comment\nLOCAL_DOMAIN=example.org\n{line}\n") == {"database_password": "s3cret-value"}


def test_names_are_translated() -> None:
    text = "".join(
        f"{name}=value-of-{name}\n"
        for name in (
            "SECRET_KEY_BASE",
            "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY",
            "VAPID_PRIVATE_KEY",
            "REDIS_PASSWORD",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "OTP_SECRET",
        )
    )
    assert from_env_file(text) == {
        "secret_key_base": "value-of-SECRET_KEY_BASE",
        "active_record_encryption_primary_key": "value-of-ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY",
        "vapid_private_key": "value-of-VAPID_PRIVATE_KEY",
        "redis_password": "value-of-REDIS_PASSWORD",
        "s3_access_key": "value-of-AWS_ACCESS_KEY_ID",
        "s3_secret_key": "value-of-AWS_SECRET_ACCESS_KEY",
    }


@pytest.mark.parametrize("line", ["DB_PASS=", "DB_PASS=''", "#DB_PASS=x", "DB_PASS", "MY_DB_PASS=x"])
def test_what_is_not_there(line: str) -> None:
    assert from_env_file(line) == {}


def test_padding_of_base64_is_kept() -> None:
    assert from_env_file("VAPID_PUBLIC_KEY=BAbc-_=") == {"vapid_public_key": "BAbc-_="}


def test_conflicts_are_differences_only() -> None:
    assert conflicts({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"}) == ["b"]
