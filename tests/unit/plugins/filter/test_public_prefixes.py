# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter over the list."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.fediops.mastodon.plugins.filter.public_prefixes import FilterModule
from ansible_collections.fediops.mastodon.plugins.module_utils._media import PUBLIC_PREFIXES


def test_mastodon() -> None:
    assert FilterModule().filters()["public_prefixes"]("mastodon") == list(PUBLIC_PREFIXES)


def test_unknown_software() -> None:
    with pytest.raises(AnsibleFilterError, match="'misskey'"):
        FilterModule().filters()["public_prefixes"]("misskey")
