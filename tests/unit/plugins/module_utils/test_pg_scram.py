# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SCRAM verifiers: the one of RFC 7677, and what must hold for any."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils._pg_scram import matches, verifier

# The password, salt and iterations of RFC 7677 section 3; a PostgreSQL server makes this verifier of them.
RFC = (
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
    ":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
)


def test_the_example_of_the_standard() -> None:
    assert verifier("pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")) == RFC
    assert matches("pencil", RFC)


def test_a_new_verifier_has_a_salt_of_its_own() -> None:
    first, second = verifier("pencil"), verifier("pencil")
    assert first != second
    assert matches("pencil", first)
    assert matches("pencil", second)


def test_another_password_does_not_match() -> None:
    assert not matches("Pencil", RFC)


@pytest.mark.parametrize(
    "known",
    [
        None,
        "",
        "md5" + "0" * 32,
        "pencil",
        RFC[:-1],
        RFC + "x",
        RFC.replace("4096", "4097"),
        RFC.replace("4096", "0"),
        RFC.replace("W22ZaJ0SNY7soEsUEjb6gQ==", "="),
        RFC.replace("SHA-256", "SHA-512"),
    ],
)
def test_what_is_no_verifier_of_it(known: str | None) -> None:
    assert not matches("pencil", known)


def test_other_iterations_are_read() -> None:
    assert matches("pencil", verifier("pencil", iterations=5000))
