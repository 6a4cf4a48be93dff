# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for a cluster's roles and databases holds what differs and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.fediops.mastodon.plugins.filter.postgres_plan import FilterModule
from ansible_collections.fediops.mastodon.plugins.module_utils import _pg_scram
from ansible_collections.fediops.mastodon.plugins.module_utils._pg_plan import ATTRIBUTES, Plan, plan

PASSWORD = "right-password-of-the-app"
USERS = [{"name": "mastodon", "password": PASSWORD}]
DATABASES = [{"name": "production", "owner": "mastodon"}]
ROLE = {**ATTRIBUTES, "rolpassword": _pg_scram.verifier(PASSWORD), "rolname": "mastodon"}
CONVERGED: dict[str, Any] = {
    "roles": {"mastodon": ROLE, "postgres": {"rolsuper": True}},
    "databases": {
        "production": {"owner": "mastodon", "public": False},
        "postgres": {"owner": "postgres", "public": True},
    },
}
NOTHING = Plan(roles=(), databases=(), open_databases=())


def test_a_converged_cluster_needs_nothing() -> None:
    assert plan(CONVERGED, USERS, DATABASES) == NOTHING


def test_nothing_wanted_needs_nothing() -> None:
    assert plan(CONVERGED, [], []) == NOTHING


def test_an_empty_cluster_needs_everything() -> None:
    wanted = plan({"roles": None, "databases": None}, USERS, DATABASES)
    assert [role["name"] for role in wanted.roles] == ["mastodon"]
    assert _pg_scram.matches(PASSWORD, wanted.roles[0]["verifier"])
    assert wanted.databases == ({"name": "production", "owner": "mastodon"},)
    assert wanted.open_databases == ("production",)


def test_no_clear_password_is_in_a_plan() -> None:
    assert PASSWORD not in repr(plan({}, USERS, DATABASES))


@pytest.mark.parametrize("known", [None, "md5" + "0" * 32, _pg_scram.verifier("another password")])
def test_another_password_gets_a_new_verifier(known: str | None) -> None:
    state = {**CONVERGED, "roles": {"mastodon": {**ROLE, "rolpassword": known}}}
    (role,) = plan(state, USERS, DATABASES).roles
    assert _pg_scram.matches(PASSWORD, role["verifier"])


@pytest.mark.parametrize("attribute", sorted(ATTRIBUTES))
def test_an_attribute_too_many_or_too_few_is_a_difference(attribute: str) -> None:
    state = {**CONVERGED, "roles": {"mastodon": {**ROLE, attribute: not ATTRIBUTES[attribute]}}}
    (role,) = plan(state, USERS, DATABASES).roles
    assert role["verifier"] == ROLE["rolpassword"], "a verifier that is right stays"


def test_another_owner_is_a_difference() -> None:
    state = {**CONVERGED, "databases": {"production": {"owner": "postgres", "public": False}}}
    wanted = plan(state, USERS, DATABASES)
    assert wanted.databases == ({"name": "production", "owner": "mastodon"},)
    assert wanted.open_databases == ()


def test_an_open_database_is_closed() -> None:
    state = {**CONVERGED, "databases": {"production": {"owner": "mastodon", "public": True}}}
    assert plan(state, USERS, DATABASES) == Plan(roles=(), databases=(), open_databases=("production",))


def test_the_filter_returns_lists() -> None:
    assert FilterModule().filters()["postgres_plan"](CONVERGED, USERS, DATABASES) == {
        "roles": [],
        "databases": [],
        "open_databases": [],
    }


def test_the_filter_s_error_holds_no_password() -> None:
    with pytest.raises(AnsibleFilterError, match="'name'") as error:
        FilterModule().filters()["postgres_plan"]({}, [{"password": PASSWORD}], [])
    assert PASSWORD not in str(error.value)
