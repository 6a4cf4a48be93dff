# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of templates that fail, and of variables that the wiring decides."""

from __future__ import annotations

from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault
from ansible_collections.fediops.mastodon.plugins.module_utils._inventory import Inventory, Wired
from ansible_collections.fediops.mastodon.plugins.plugin_utils import _survey


def template(**variables: Any) -> tuple[dict[str, Any], dict[str, str]]:
    trusted = {name: trust_as_template(value) if isinstance(value, str) else value for name, value in variables.items()}
    return _survey.template_all(Templar(DataLoader(), trusted), trusted, trusted)


def test_values_are_computed_to_the_last_member() -> None:
    values, failures = template(a="{{ b }}", b=[{"c": trust_as_template("{{ 1 + 1 }}")}])
    assert failures == {}
    assert values == {"a": [{"c": 2}], "b": [{"c": 2}]}
    assert type(values["a"]) is list
    assert type(values["a"][0]) is dict


def test_a_failure_deep_inside_is_the_failure_of_its_variable_only() -> None:
    values, failures = template(a=[{"b": trust_as_template("{{ missing }}")}], c="{{ a }}", d="fine")
    assert values == {"d": "fine"}
    assert set(failures) == {"a", "c"}


def test_a_cause_is_told_once_with_all_that_it_breaks() -> None:
    _values, failures = template(a="{{ missing }}", b="{{ a }}", c="{{ nonsense | no_such_filter }}")
    faults = _survey.failure_faults({"one": failures, "two": {"a": failures["a"]}})
    assert [(fault.variable, fault.host) for fault in faults] == [("missing", "one"), ("missing", "two"), ("c", "one")]
    assert "a, b cannot do without it" in faults[0].fault
    assert "no_such_filter" in faults[2].fault


def test_a_wired_fault_says_where_its_value_comes_from() -> None:
    derived = Wired("group_vars/x.yml", ("instance_x",), frozenset({"instance_x", "instance_y"}))
    inventory = Inventory(wired={"x": derived, "y": Wired("group_vars/y.yml", secret=True)})
    assert "group_vars/x.yml makes it from instance_x" in _survey.explained(Fault("x", "bad", ""), inventory).fault
    assert "the secret store" in _survey.explained(Fault("y", "bad", ""), inventory).fault
    assert _survey.explained(Fault("z", "bad", ""), inventory).fault == "bad"
    assert _survey.causes(Fault("x", "", ""), inventory) == {"x", "instance_x", "instance_y"}
    assert _survey.causes(Fault("z", "", ""), inventory) == frozenset()
