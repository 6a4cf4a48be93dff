# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's firewall rules leave open to everybody."""

from __future__ import annotations

DOCUMENTATION = r"""
name: open_ports
short_description: Say which ports firewall rules leave open to everybody
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Reads rules as role P(fediops.mastodon.firewall#role) takes them, and keeps what any stranger can reach.
positional: _input
options:
  _input:
    description: The rules of one host.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Show what is open
  ansible.builtin.debug:
    msg: "{{ firewall_rules | fediops.mastodon.open_ports }}"
"""

RETURN = r"""
_value:
  description: The ports by protocol.
  type: dict
  sample: {"tcp": [22, 80, 443], "udp": [443]}
"""

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible_collections.fediops.mastodon.plugins.module_utils import _flows


def open_ports(rules: Sequence[Mapping[str, Any]]) -> dict[str, list[int]]:
    """Return the open ports by protocol."""
    return _flows.open_ports(rules)


class FilterModule:
    """Register the filter."""

    def filters(self) -> dict[str, Callable[[Sequence[Mapping[str, Any]]], dict[str, list[int]]]]:
        """Return the filters of this file."""
        return {"open_ports": open_ports}
