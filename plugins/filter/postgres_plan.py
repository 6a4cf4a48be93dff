# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter postgres_plan."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.fediops.mastodon.plugins.module_utils import _pg_plan

DOCUMENTATION = r"""
name: postgres_plan
author: "fediops contributors (@fediops)"
version_added: "1.0.0"
short_description: What differs between a PostgreSQL cluster and what it should have
description:
  - Compares roles and databases as the cluster has them with those that are wanted, and returns only the differences,
    so that a converged cluster costs one query and no further module.
  - Passwords are compared with, and turned into, SCRAM-SHA-256 verifiers on the controller. A clear password never
    reaches the database host.
  - A role that is wanted may log in and has no other attribute; a role that has one is a difference.
positional: _input
options:
  _input:
    description:
      - The state of the cluster, with the keys C(roles) and C(databases).
      - C(roles) maps names to rows of C(pg_authid), C(databases) maps names to C(owner) and C(public), the latter
        telling whether everybody may connect.
    type: dict
    required: true
  users:
    description: The wanted roles, each with C(name) and C(password).
    type: list
    elements: dict
    required: true
  databases:
    description: The wanted databases, each with C(name) and C(owner).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Show which databases are to be created or handed over
  ansible.builtin.debug:
    msg: "{{ (state | fediops.mastodon.postgres_plan(users=[], databases=wanted)).databases }}"
  vars:
    state: {roles: {}, databases: {postgres: {owner: postgres, public: true}}}
    wanted: [{name: mastodon_production, owner: mastodon}]
"""

RETURN = r"""
_value:
  description: The differences.
  type: dict
  contains:
    roles:
      description: Roles to write, each with C(name) and C(verifier). The verifier is new unless the password is right.
      type: list
      elements: dict
    databases:
      description: Databases to create or to hand to another owner, each with C(name) and C(owner).
      type: list
      elements: dict
    open_databases:
      description: Names of wanted databases to which everybody may connect; a database still to be made is one of them.
      type: list
      elements: str
"""


def postgres_plan(
    state: Mapping[str, Any], users: Sequence[Mapping[str, Any]], databases: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the differences as plain lists; the error of a malformed entry names its key and no value."""
    try:
        plan = _pg_plan.plan(state, users, databases)
    except KeyError as error:
        raise AnsibleFilterError(f"postgres_plan: an entry lacks {error}") from None
    return {field.name: list(getattr(plan, field.name)) for field in dataclasses.fields(plan)}


class FilterModule:
    """What Ansible asks a filter plugin for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of this file by name."""
        return {"postgres_plan": postgres_plan}
