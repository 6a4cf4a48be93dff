# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter postgres_conf."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.fediops.mastodon.plugins.module_utils import _pg_conf

DOCUMENTATION = r"""
name: postgres_conf
author: "fediops contributors (@fediops)"
version_added: "1.0.0"
short_description: Settings as the text of a PostgreSQL configuration file
description:
  - Writes one line per setting, quoted so that PostgreSQL reads every value back unchanged.
positional: _input
options:
  _input:
    description:
      - Names and values of settings. V(true) and V(false) become V(on) and V(off), lists become comma-separated texts.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show two lines of postgresql.conf
  ansible.builtin.debug:
    msg: "{{ {'jit': false, 'log_line_prefix': '%m [%p] '} | fediops.mastodon.postgres_conf }}"
"""

RETURN = r"""
_value:
  description: The lines, without a final line break.
  type: str
  sample: "jit = off\nlog_line_prefix = '%m [%p] '"
"""


def postgres_conf(settings: Mapping[str, Any]) -> str:
    """Return the lines; what cannot be written in the file is an error of the filter."""
    try:
        return _pg_conf.settings_text(settings)
    except (AttributeError, TypeError, ValueError) as error:
        raise AnsibleFilterError(f"postgres_conf: {error}") from error


class FilterModule:
    """What Ansible asks a filter plugin for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of this file by name."""
        return {"postgres_conf": postgres_conf}
