# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter postgres_questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.fediops.mastodon.plugins.module_utils import _pg_questions

DOCUMENTATION = r"""
name: postgres_questions
author: "fediops contributors (@fediops)"
version_added: "1.0.0"
short_description: What differs between the functions of a database and those by which closed tables are asked
description:
  - Compares functions as databases have them with those that are wanted, and returns only the differences, each with
    the statements that make it right.
  - A function is owned by the owner of its database and runs with the owner's rights, has a fixed search path and a
    body that is text, and may be called by the users that are named and by nobody else.
positional: _input
options:
  _input:
    description: The wanted functions, as in the variable C(postgres_questions) of role C(postgres).
    type: list
    elements: dict
    required: true
  databases:
    description: The databases, each with C(name) and C(owner).
    type: list
    elements: dict
    required: true
  found:
    description: By name of the database, the functions of these names that it has.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show which functions a database still lacks
  ansible.builtin.debug:
    msg: "{{ wanted | fediops.mastodon.postgres_questions(databases=databases, found={}) | map(attribute='name') }}"
  vars:
    databases: [{name: shop, owner: shop}]
    wanted:
      - {name: fediops.is_open, database: shop, returns: boolean, answer: SELECT true, users: [watch]}
"""

RETURN = r"""
_value:
  description: The differences.
  type: list
  elements: dict
  contains:
    name:
      description: The function, with its schema.
      type: str
    database:
      description: Where it belongs.
      type: str
    statements:
      description: What to execute, in one transaction.
      type: list
      elements: str
"""


def postgres_questions(
    questions: Sequence[Mapping[str, Any]],
    databases: Sequence[Mapping[str, Any]],
    found: Mapping[str, Sequence[Mapping[str, Any]]],
) -> list[dict[str, Any]]:
    """Return the differences; the error of a malformed entry names its key."""
    try:
        return _pg_questions.differing(questions, databases, found)
    except KeyError as error:
        raise AnsibleFilterError(f"postgres_questions: an entry lacks {error}") from None


class FilterModule:
    """What Ansible asks a filter plugin for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of this file by name."""
        return {"postgres_questions": postgres_questions}
