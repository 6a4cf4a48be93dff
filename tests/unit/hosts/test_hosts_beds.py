# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts a scenario gets."""

from __future__ import annotations

import pytest

from tests.hosts import beds
from tests.hosts.beds import Wanted
from tests.hosts.progress import HarnessError


def test_a_scenario_that_lists_no_hosts_gets_one_with_its_name() -> None:
    assert beds.plan("", "redis", "debian12") == [Wanted("redis", "debian12")]


def test_a_list_says_what_differs_from_an_ordinary_host() -> None:
    text = "tempo: {aliases: [media.test], groups: [data, edge]}\nlaptop:\nold: {suite: debian12}\n"
    assert beds.plan(text, "two", "debian13") == [
        Wanted("tempo", "debian13", ("media.test",), ("data", "edge")),
        Wanted("laptop", "debian13"),
        Wanted("old", "debian12"),
    ]


def test_a_name_that_no_container_can_have_is_refused() -> None:
    with pytest.raises(HarnessError, match="Tempo"):
        beds.plan("Tempo:\n", "two", "debian13")
