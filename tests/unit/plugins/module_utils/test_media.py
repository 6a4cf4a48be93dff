# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one list of public prefixes."""

from __future__ import annotations

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _media


def test_no_public_prefix_exposes_a_private_one() -> None:
    assert not [prefix for prefix in _media.PUBLIC_PREFIXES if _media.exposes_private(prefix)]


def test_prefixes_are_sorted_folders() -> None:
    prefixes = list(_media.PUBLIC_PREFIXES)
    assert prefixes == sorted(set(prefixes))
    assert all(prefix.endswith("/") and prefix.count("/") == 1 for prefix in prefixes)


@pytest.mark.parametrize("software", ["Mastodon", "", None, ["mastodon"]])
def test_unknown_software(software: str) -> None:
    with pytest.raises(LookupError, match="known: mastodon"):
        _media.public_prefixes(software)


@pytest.mark.parametrize(
    ("prefix", "exposes"),
    [
        ("", True),
        ("b", True),
        ("backups", True),
        ("backups/", True),
        ("backups/dumps/", True),
        ("accounts/", False),
        ("backups2/", False),
    ],
)
def test_exposes_private(prefix: str, exposes: bool) -> None:
    assert _media.exposes_private(prefix) is exposes
