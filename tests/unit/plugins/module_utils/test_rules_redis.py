# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each rule of role redis finds its fault, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _rules_redis

SECRET = "never-to-be-seen-in-a-fault"
FACTS = {"distribution": "Debian", "distribution_major_version": "13", "memtotal_mb": 4000}
GOOD: dict[str, Any] = {
    "redis_flavour": "redis",
    "redis_bind_addresses": ["127.0.0.1", "::1"],
    "redis_port": 6379,
    "redis_users": [
        {"name": "mastodon", "password": SECRET},
        {"name": "metrics-1", "password": f"{SECRET}-2", "rules": "%R~queue:* resetchannels -@all +info +client|list"},
    ],
    "redis_maxmemory_mb": 0,
    "redis_maxmemory_policy": "noeviction",
    "redis_appendonly": True,
    "redis_save": "3600 1 300 100",
    "ansible_facts": FACTS,
}
CACHE = {
    "redis_appendonly": False,
    "redis_save": "",
    "redis_maxmemory_mb": 256,
    "redis_maxmemory_policy": "allkeys-lru",
}


def faults(**variables: Any) -> list[str]:
    """Return the variables at fault; no text may hold a secret."""
    found = [fault for rule in _rules_redis.RULES for fault in rule(variables)]
    assert not [fault for fault in found if SECRET in f"{fault.fault} {fault.cure}"]
    assert all(fault.fault and fault.cure for fault in found)
    return [fault.variable for fault in found]


def user(**elements: Any) -> dict[str, Any]:
    """Return one more user with some elements changed."""
    return {"redis_users": [*GOOD["redis_users"], {"name": "extra", "password": SECRET, **elements}]}


@pytest.mark.parametrize("variables", [{}, CACHE, {"redis_flavour": "valkey"}, {"redis_maxmemory_mb": 512}])
def test_good_values(variables: dict[str, Any]) -> None:
    assert faults(**{**GOOD, **variables}) == []


@pytest.mark.parametrize(
    "variables",
    [
        {"redis_flavour": "keydb"},
        {"redis_flavour": "valkey", "ansible_facts": {**FACTS, "distribution_major_version": "12"}},
        {"redis_port": 0},
        {"redis_port": "6379"},
        {"redis_bind_addresses": ["0.0.0.0"]},
        {"redis_bind_addresses": ["*"]},
        {"redis_bind_addresses": ["-::*"]},
        {"redis_bind_addresses": ["127.0.0.1", "::"]},
        {"redis_bind_addresses": []},
        {"redis_bind_addresses": None},
        {"redis_users": []},
        {"redis_users": None},
        user(name="default"),
        user(name="two words"),
        user(name="line\nbreak"),
        user(name=""),
        user(name=None),
        user(name="mastodon"),
        user(password="short"),
        user(password=None),
        user(password="a blank in the middle"),
        user(rules="~* +@all nopass"),
        user(rules=f"~* +@all >{SECRET}"),
        user(rules="~* +@all on"),
        user(rules="reset"),
        user(rules="~* +@all\nuser intruder on nopass +@all"),
        user(rules="~*\n+@all"),
        user(rules=""),
        user(rules=None),
        {"redis_maxmemory_mb": 8},
        {"redis_maxmemory_mb": 5000},
        {"redis_maxmemory_mb": "1gb"},
        {"redis_maxmemory_policy": "lru"},
        {**CACHE, "redis_appendonly": True},
        {**CACHE, "redis_maxmemory_mb": 0},
        {"redis_save": "3600"},
        {"redis_save": "3600 1 300"},
        {"redis_save": "3600 1\nappendonly no"},
        {"redis_save": None},
        {"ansible_facts": {**FACTS, "distribution": "Ubuntu", "distribution_major_version": "22"}},
    ],
    ids=repr,
)
def test_one_fault(variables: dict[str, Any]) -> None:
    at_fault = set(faults(**{**GOOD, **variables}))
    assert len(at_fault) == 1
    assert at_fault <= {*variables, "redis_flavour"}


@pytest.mark.parametrize("facts", [{}, None, {"distribution": "Debian"}])
def test_facts_may_be_absent(facts: Any) -> None:
    assert faults(**{**GOOD, "ansible_facts": facts}) == []


@pytest.mark.parametrize("junk", [None, "text", 7, [], {}, [None], [{}], [{"name": ["x"]}], {"a": {}}, True])
@pytest.mark.parametrize("name", sorted(GOOD))
def test_junk_raises_nothing(name: str, junk: Any) -> None:
    faults(**{**GOOD, name: junk})
    faults(**{name: junk})


def test_nothing_set_is_no_fault() -> None:
    assert faults() == []
