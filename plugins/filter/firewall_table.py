# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inside of an nftables table, from firewall rules as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.fediops.mastodon.plugins.module_utils import _firewall

DOCUMENTATION = r"""
name: firewall_table
short_description: The inside of an nftables table, from firewall rules as data
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Turns the rules of role P(fediops.mastodon.firewall#role) into the chains of one nftables table of family C(inet)
    that denies by default what comes in and what is forwarded.
  - It does not judge the rules; the role does before it calls this.
positional: _input
options:
  _input:
    description: The rules, as in C(firewall_rules) of the role.
    type: list
    elements: dict
    required: true
  confined:
    description: Whose processes reach the internet, DNS and what a rule of theirs allows, and nothing else.
    type: list
    elements: dict
    default: []
  foreign_interfaces:
    description: Bridges of engines that have firewall tables of their own.
    type: list
    elements: str
    default: []
  allow_ping:
    description: Whether echo requests are answered, at a limited rate.
    type: bool
    default: true
  log_drops:
    description: Whether what is dropped is logged, at a limited rate.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Show the chains of a host that lets ssh in
  ansible.builtin.debug:
    msg: "{{ rules | fediops.mastodon.firewall_table }}"
  vars:
    rules:
      - {comment: ssh, direction: in, protocol: tcp, ports: [22], peers: [192.0.2.0/24]}
"""

RETURN = r"""
_value:
  description: The chains, in nft's language.
  type: str
  sample: "chain input {\n    type filter hook input priority filter; policy drop;\n}\n"
"""


def firewall_table(rules: Sequence[Mapping[str, Any]], **options: Any) -> str:
    """Return the chains; what is no rule at all is an error of the filter."""
    try:
        return _firewall.content(rules, _firewall.Options(**options))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise AnsibleFilterError(f"firewall_table: {type(error).__name__} {error}") from error


class FilterModule:
    """What Ansible asks a filter plugin for."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """Return the filters of this file by name."""
        return {"firewall_table": firewall_table}
