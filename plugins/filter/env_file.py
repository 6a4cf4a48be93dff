# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text for the env_file of a Compose service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.fediops.mastodon.plugins.module_utils import _env

DOCUMENTATION = r"""
name: env_file
short_description: Text for the env_file of a Compose service
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Turns a dictionary into C(NAME=value) lines that Docker Compose reads back as exactly these values. Nothing in a
    value is interpolated.
  - A variable whose value is V(none), an empty string or an empty list is left out, because Mastodon asks of many
    variables whether they exist and not what they hold. The empty string is kept for C(S3_PERMISSION) and
    C(UPDATE_CHECK_URL), where it is a setting.
  - Booleans become V(true) and V(false), the members of a list are joined with commas.
  - Fails, naming the variable and not its value, when a value holds a line break or another control character, or a
    backslash at its end or before a single quote, since a quoted value of this format cannot hold these.
positional: _input
options:
  _input:
    description: The variables, in the order that the file shall have.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Write the environment of a service
  ansible.builtin.copy:
    content: "{{ {'LOCAL_DOMAIN': 'example.org', 'S3_ENABLED': true, 'WEB_DOMAIN': ''} | fediops.mastodon.env_file }}"
    dest: /etc/mastodon/example.env
    owner: root
    group: root
    mode: "0600"
"""

RETURN = r"""
_value:
  description: The text, ending with a line break unless it is empty.
  type: str
  sample: "LOCAL_DOMAIN=example.org\nS3_ENABLED=true\n"
"""


def env_file(variables: Any) -> str:
    """Return the text, or say which variable cannot be written."""
    if not isinstance(variables, Mapping):
        raise AnsibleFilterError(f"env_file: needs a dictionary, not a {type(variables).__name__}")
    try:
        return _env.render(variables)
    except _env.EnvError as error:
        raise AnsibleFilterError(f"env_file: {error}") from error


class FilterModule:
    """Register the filter."""

    def filters(self) -> dict[str, Callable[[Any], str]]:
        """Return the filters of this file."""
        return {"env_file": env_file}
