# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How rules are found and what people read."""

from __future__ import annotations

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _preflight
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault
from ansible_collections.fediops.mastodon.plugins.module_utils._inventory import ROLES


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_rules_that_stand_an_empty_host(role: str) -> None:
    rules = _preflight.role_rules(role)
    assert rules
    for fault in _preflight.apply(rules, {}, "fedi"):
        assert fault.host == "fedi"


def test_a_role_without_rules_is_named() -> None:
    with pytest.raises(LookupError, match=r"'nonsense' has no rules: .*_rules_nonsense does not exist"):
        _preflight.role_rules("nonsense")


def test_a_fault_keeps_the_host_that_it_names() -> None:
    rules = (lambda _variables: [Fault("a", "b", "c", host="other"), Fault("d", "e", "f")],)
    assert [fault.host for fault in _preflight.apply(rules, {}, "fedi")] == ["other", "fedi"]


def test_faults_are_grouped_by_host_and_are_sentences() -> None:
    faults = [
        Fault("b", "it is wrong", "Do this", "web"),
        Fault("a", "it is missing.", "Set it"),
        Fault("c", "what is this?", "Nothing!", "db"),
    ]
    assert _preflight.describe(faults) == (
        "3 faults were found. Nothing was changed.\n"
        "In the whole inventory:\n"
        "  - a: it is missing. Set it.\n"
        "On db:\n"
        "  - c: what is this? Nothing!\n"
        "On web:\n"
        "  - b: it is wrong. Do this."
    )


def test_a_fault_of_several_hosts_is_told_once() -> None:
    faults = [Fault("a", "b", "c", "web"), Fault("d", "e", "f", "web"), Fault("a", "b", "c", "db")]
    assert _preflight.describe(faults) == (
        "2 faults were found. Nothing was changed.\nOn db, web:\n  - a: b. c.\nOn web:\n  - d: e. f."
    )


def test_one_fault_is_singular() -> None:
    assert _preflight.describe([Fault("a", "b", "c")]).startswith("1 fault was found.")
