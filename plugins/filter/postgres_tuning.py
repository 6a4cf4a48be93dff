# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter postgres_tuning."""

from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.fediops.mastodon.plugins.module_utils import _pg_tuning

DOCUMENTATION = r"""
name: postgres_tuning
author: "fediops contributors (@fediops)"
version_added: "1.0.0"
short_description: PostgreSQL's memory and worker settings for a web application
description:
  - Computes the settings of PostgreSQL that depend on the size of the machine, by the formulas of pgtune's web profile.
positional: _input
options:
  _input:
    description:
      - The memory that PostgreSQL may use, in megabytes.
      - On a host that serves other things too, this is PostgreSQL's share and not what the machine has.
    type: int
    required: true
  max_connections:
    description: The number of connections that the server allows.
    type: int
    required: true
  cores:
    description: The number of processor cores. Parallel queries are set up from four on.
    type: int
    default: 1
"""

EXAMPLES = r"""
- name: Show what a share of 2 GB gives
  ansible.builtin.debug:
    msg: "{{ 2048 | fediops.mastodon.postgres_tuning(max_connections=200, cores=4) }}"
"""

RETURN = r"""
_value:
  description: Names and values of settings, in the order in which they are written to the configuration.
  type: dict
  sample: {"shared_buffers": "512MB", "effective_cache_size": "1536MB"}
"""


def postgres_tuning(memory_mb: int, max_connections: int, cores: int = 1) -> dict[str, str | int]:
    """Return the settings; sizes that make no sense are an error of the filter."""
    try:
        return _pg_tuning.tuning(memory_mb, max_connections, cores)
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(f"postgres_tuning: {error}") from error


class FilterModule:
    """What Ansible asks a filter plugin for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of this file by name."""
        return {"postgres_tuning": postgres_tuning}
