# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each rule over whole inventories: a case of its own that breaks it, and inventories that break none."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.fediops.mastodon.plugins.module_utils._inventory import Inventory, Wired
from ansible_collections.fediops.mastodon.plugins.module_utils._rules_instance import RULES
from ansible_collections.fediops.mastodon.plugins.module_utils._rules_instance_names import distance, nearest
from hypothesis import given
from hypothesis import strategies as st

DATA = Path(__file__).parents[2] / "preflight"
GOOD: dict[str, Any] = yaml.safe_load((DATA / "good.yml").read_text(encoding="utf-8"))
CASES: list[dict[str, Any]] = [
    case
    for name in ("domains", "names", "tiers", "network", "media", "sites", "hosts")
    for case in yaml.safe_load((DATA / f"{name}.yml").read_text(encoding="utf-8"))
]


def inventory(data: dict[str, Any]) -> Inventory:
    data = copy.deepcopy(data)
    wired = {
        name: Wired(entry["place"], tuple(entry.get("twins", ())), secret=entry.get("secret", False))
        for name, entry in data.pop("wired", {}).items()
    }
    return Inventory(
        wired=wired, known=frozenset(data.pop("known", ())), allowed=frozenset(data.pop("allowed", ())), **data
    )


def changed(base: Any, change: Any) -> Any:
    """Return the base with the change laid over it; null takes away."""
    if not isinstance(change, dict) or not isinstance(base, dict):
        return change
    merged = {
        **base,
        **{
            name: changed(base.get(name, {} if isinstance(value, dict) else None), value)
            for name, value in change.items()
        },
    }
    return {name: value for name, value in merged.items() if value is not None}


def case_id(case: dict[str, Any]) -> str:
    return f"{case['rule']}-{CASES.index(case)}"


@pytest.mark.parametrize("name", GOOD)
def test_a_good_inventory_breaks_no_rule(name: str) -> None:
    good = inventory(GOOD[name])
    assert [fault for rule in RULES for fault in rule(good)] == []


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_a_bad_inventory_breaks_its_rule_and_no_other(case: dict[str, Any]) -> None:
    bad = inventory(changed(GOOD[case.get("base", "one_host")], case["change"]))
    faults = {rule.__name__: list(rule(bad)) for rule in RULES}
    assert {rule for rule, found in faults.items() if found} == {case["rule"]}
    (fault,) = faults[case["rule"]]
    assert (fault.variable, fault.host) == (case["at"], case.get("host", ""))
    assert case.get("says", "") in f"{fault.fault} {fault.cure}"


def test_every_rule_has_a_case_and_says_why_it_is_there() -> None:
    assert {rule.__name__ for rule in RULES} == {case["rule"] for case in CASES}
    assert len(RULES) == len({rule.__name__ for rule in RULES}) >= 25
    assert [rule.__name__ for rule in RULES if not rule.__doc__] == []


@pytest.mark.parametrize(
    "change",
    [
        {"allowed": ["postgress"], "groups": {"postgress": ["fedi"]}},
        {"allowed": ["instance_domian"], "set_names": {"instance_domian": ["group all"]}},
    ],
)
def test_an_exemption_is_heard(change: dict[str, Any]) -> None:
    allowed = inventory(changed(GOOD["one_host"], change))
    assert [fault for rule in RULES for fault in rule(allowed)] == []


JUNK: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


VARIABLES = sorted({name for good in GOOD.values() for host in good["hosts"].values() for name in host})


@given(name=st.sampled_from(VARIABLES), junk=JUNK)
def test_no_value_however_wrong_stops_the_rules(name: str, junk: Any) -> None:
    for base in ("one_host", "two_hosts"):
        data = copy.deepcopy(GOOD[base])
        for variables in data["hosts"].values():
            variables[name] = junk
        bad = inventory(data)
        for rule in RULES:
            list(rule(bad))


def test_an_empty_inventory_is_faulty_and_stops_nothing() -> None:
    faults = [fault.variable for rule in RULES for fault in rule(Inventory())]
    assert faults == ["instance_domain", "instance_owner_username", "instance_owner_email", "group mastodon"]


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ("", "", 0),
        ("postgres", "postgres", 0),
        ("postgress", "postgres", 1),
        ("redsi", "redis", 2),
        ("minio", "mini", 1),
        ("caddy", "daddy", 1),
        ("abc", "xyz", 3),
        ("short", "much_longer", 3),
        ("abcdef", "ghijkl", 3),
    ],
)
def test_distance(one: str, two: str, expected: int) -> None:
    assert distance(one, two) == distance(two, one) == expected


@given(one=st.text("abc", max_size=6), two=st.text("abc", max_size=6), three=st.text("abc", max_size=6))
def test_distance_is_one(one: str, two: str, three: str) -> None:
    far = 99
    assert (distance(one, two, far) == 0) == (one == two)
    assert distance(one, two, far) <= distance(one, three, far) + distance(three, two, far)
    assert distance(one, two) == min(distance(one, two, far), 3)


def test_nearest_prefers_the_nearest() -> None:
    assert nearest("redis_prt", ["redis_part_2", "redis_port", "minio_port"]) == "redis_port"
    assert nearest("something", ["redis_port"]) == nearest("x", []) == ""
