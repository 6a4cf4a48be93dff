# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be written so that a cluster's roles and databases are as wanted. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils import _pg_scram

# What an application's role may do, as columns of pg_roles. Everything it owns, it may already change.
ATTRIBUTES: dict[str, bool] = {
    "rolcanlogin": True,
    "rolsuper": False,
    "rolcreatedb": False,
    "rolcreaterole": False,
    "rolreplication": False,
    "rolbypassrls": False,
}


@dataclass(frozen=True)
class Plan:
    """Only what differs; a plan without members means that nothing is to be done."""

    roles: tuple[dict[str, str], ...]
    databases: tuple[dict[str, str], ...]
    open_databases: tuple[str, ...]


def plan(state: Mapping[str, Any], users: Sequence[Mapping[str, Any]], databases: Sequence[Mapping[str, Any]]) -> Plan:
    """Compare what a cluster has with what it should have; roles come with the verifier to write, never a password."""
    known_roles = state.get("roles") or {}
    known_databases = state.get("databases") or {}
    return Plan(
        roles=tuple(
            {"name": user["name"], "verifier": _wanted_verifier(user["password"], known_roles.get(user["name"]))}
            for user in users
            if _role_differs(user["password"], known_roles.get(user["name"]))
        ),
        databases=tuple(
            {"name": database["name"], "owner": database["owner"]}
            for database in databases
            if (known_databases.get(database["name"]) or {}).get("owner") != database["owner"]
        ),
        open_databases=tuple(
            database["name"]
            for database in databases
            # PostgreSQL lets everyone connect to a new database.
            if (known_databases.get(database["name"]) or {"public": True})["public"]
        ),
    )


def _role_differs(password: str, known: Mapping[str, Any] | None) -> bool:
    if known is None or not _pg_scram.matches(password, known.get("rolpassword")):
        return True
    return any(known.get(attribute) is not wanted for attribute, wanted in ATTRIBUTES.items())


def _wanted_verifier(password: str, known: Mapping[str, Any] | None) -> str:
    """Keep a verifier that is right: only what differs is written."""
    current = known.get("rolpassword") if known else None
    if isinstance(current, str) and _pg_scram.matches(password, current):
        return current
    return _pg_scram.verifier(password)
