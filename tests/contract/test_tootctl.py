# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tootctl prints, and with which exit code it leaves."""

from __future__ import annotations

import re

from tests.contract.bed import DOMAIN, Bed, Result

USER = """SELECT u.confirmed_at IS NOT NULL, u.approved, r.name FROM accounts a JOIN users u ON u.account_id = a.id
LEFT JOIN user_roles r ON r.id = u.role_id WHERE a.domain IS NULL AND lower(a.username) = '{}'"""


def create(bed: Bed, name: str, *arguments: str, mail: str = DOMAIN) -> Result:
    """Make an account."""
    return bed.once("bin/tootctl", "accounts", "create", name, "--email", f"{name}@{mail}", "--confirmed", *arguments)


def test_create_owner(created: Result) -> None:
    assert created.returncode == 0, created.stderr
    assert re.fullmatch(r"OK\s+New password: [0-9a-f]{32}\s*", created.stdout)


def test_owner_in_sql(bed: Bed, created: Result) -> None:
    assert bed.sql(USER.format("owner")) == "t|t|Owner"


def test_create_twice(bed: Bed, created: Result) -> None:
    result = create(bed, "owner", "--role", "Owner")
    assert result.returncode == 1
    assert "Failure/Error: " in result.stderr


def test_create_unknown_role(bed: Bed, database: str) -> None:
    result = create(bed, "nobody", "--role", "owner")
    assert result.returncode == 1
    assert "Cannot find user role with that name" in result.stderr


def test_create_unreachable_mail(bed: Bed, database: str) -> None:
    result = create(bed, "nobody", mail="nowhere.invalid")
    assert result.returncode == 1
    assert "email" in result.stderr


def test_create_unapproved(bed: Bed, database: str) -> None:
    assert create(bed, "newcomer").returncode == 0
    assert bed.sql(USER.format("newcomer")) == "t|f|"


def test_set_password(bed: Bed, created: Result) -> None:
    bed.runner("Account.find_local('owner').user.change_password!($stdin.read.strip)", stdin="a password of our own\n")
    assert bed.runner("p Account.find_local('owner').user.valid_password?('a password of our own')").strip() == "true"


def test_registrations(bed: Bed, database: str) -> None:
    mode = "print Setting.registrations_mode"
    assert bed.runner(mode) == "none"
    opened = bed.once("bin/tootctl", "settings", "registrations", "open")
    assert (opened.returncode, opened.stdout.strip()) == (0, "OK")
    assert bed.runner(mode) == "open"


def test_version(bed: Bed, database: str) -> None:
    assert re.match(r"\d+\.\d+\.\d+", bed.once("bin/tootctl", "--version").stdout)
