# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter is a thin front of _env."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.fediops.mastodon.plugins.filter import env_file


def test_it_is_registered() -> None:
    written = env_file.FilterModule().filters()["env_file"]({"LOCAL_DOMAIN": "example.org"})
    assert written == "LOCAL_DOMAIN=example.org\n"


def test_it_names_the_variable_and_hides_the_value() -> None:
    with pytest.raises(AnsibleFilterError, match="DB_PASS") as refused:
        env_file.env_file({"DB_PASS": "sesame\nopen"})
    assert "sesame" not in str(refused.value)


def test_it_wants_a_dictionary() -> None:
    with pytest.raises(AnsibleFilterError, match="needs a dictionary"):
        env_file.env_file(["LOCAL_DOMAIN=example.org"])
