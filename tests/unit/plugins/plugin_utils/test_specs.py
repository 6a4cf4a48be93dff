# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument specification of a role, applied before the role runs."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.plugin_utils._specs import spec_faults

OPTIONS: dict[str, Any] = {
    "web_port": {"type": "int", "default": "{{ some.template }}", "description": "x"},
    "web_mode": {"type": "str", "choices": ["open", "closed"]},
    "web_domain": {"type": "str", "required": True},
    "web_users": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "age": {"type": "int"},
            "password": {"type": "str", "no_log": True, "required": True},
        },
    },
}
GOOD: dict[str, Any] = {
    "web_port": 80,
    "web_mode": "open",
    "web_domain": "x.org",
    "web_users": [{"name": "a", "password": "b"}],
}


@pytest.mark.parametrize("values", [GOOD, {"web_domain": "x.org"}, {**GOOD, "web_stray": 1}])
def test_good_values(values: dict[str, Any]) -> None:
    assert list(spec_faults(OPTIONS, values, (), "h")) == []


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"web_port": "many"}, "web_port"),
        ({"web_mode": "ajar"}, "web_mode"),
        ({"web_users": [{"name": "a"}]}, "web_users"),
        ({"web_users": [{"name": "a", "password": "b", "pasword": "c"}]}, "web_users"),
        ({"web_users": "a"}, "web_users"),
    ],
)
def test_bad_values(change: dict[str, Any], at: str) -> None:
    (fault,) = spec_faults(OPTIONS, {**GOOD, **change}, (), "h")
    assert (fault.variable, fault.host) == (at, "h")


def test_a_required_value_is_missed_unless_its_template_already_failed() -> None:
    values = {name: value for name, value in GOOD.items() if name != "web_domain"}
    (fault,) = spec_faults(OPTIONS, values, (), "h")
    assert (fault.variable, fault.fault) == ("web_domain", "it is not set")
    assert list(spec_faults(OPTIONS, values, ("web_domain",), "h")) == []


def test_a_secret_beside_the_fault_is_not_told() -> None:
    users = [{"name": "a", "password": "sesame-open", "age": "sesame-open"}]
    (fault,) = spec_faults(OPTIONS, {**GOOD, "web_users": users}, (), "h")
    assert "sesame" not in fault.fault
