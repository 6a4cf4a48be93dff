#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: preflight
short_description: Refuse an inventory that cannot work, with all its faults at once
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Applies the collection's validation rules and fails with B(all) faults at once.
    Each fault names the variable, says what is wrong with it and what to do about it.
  - Without O(role) it looks at the whole inventory, at its groups and at all hosts' variables, and applies every role's
    argument specification and rules to every host in that role's group.
    With it, it looks at one role's variables on the current host.
  - What M(fediops.mastodon.preflight_info) registered as C(preflight_probe) on the hosts is judged too, when it is
    there. A host that was asked and did not answer is a fault; one that C(--limit) leaves out is not.
  - Rules that need facts are applied to hosts whose facts have been gathered.
  - This is an action that works on the controller. It never runs anything on a host, so it can stand before the first
    change. Secrets that do not exist yet are taken as well-formed.
  - No value of a secret appears in its output.
attributes:
  check_mode:
    support: full
    description: Works the same in check mode.
    details: It never changes anything.
  diff_mode:
    support: none
    description: Returns details on what has changed in diff mode.
    details: It never changes anything.
  idempotent:
    support: full
    description: A second run gives the same result.
options:
  role:
    description:
      - Check one role's variables on the current host. Every role of this collection does this in its C(validate.yml).
      - All variables whose names begin with the role's name and an underscore are checked.
    type: str
notes:
  - Names that are within two letters of a variable of the collection are taken for typing errors.
    List names of your own that only look alike in the variable C(preflight_allowed_names).
  - Variables that the playbook's own C(group_vars) assign are refused in the inventory, where they have no effect.
seealso:
  - module: fediops.mastodon.preflight_info
"""

EXAMPLES = r"""
# The first three are the tasks of a play on all hosts, with become and without gather_facts.
- name: Gather the facts that the rules of the roles need
  ansible.builtin.setup:
  ignore_unreachable: true

- name: Look at the host
  fediops.mastodon.preflight_info:
    controller_time: "{{ now(utc=true).timestamp() }}"
  register: preflight_probe
  ignore_unreachable: true

- name: Report every fault of the inventory at once
  fediops.mastodon.preflight:
  run_once: true

- name: Validate | Refuse values that cannot work
  fediops.mastodon.preflight:
    role: postgres
"""

RETURN = r"""
faults:
  description: What was found. Empty when all is well.
  returned: always
  type: list
  elements: dict
  contains:
    variable:
      description: Name of the variable at fault, or of the group, or C(the host) for what was seen on it.
      type: str
      sample: instance_domain
    fault:
      description: What is wrong with it.
      type: str
      sample: it is an address, not a domain name
    cure:
      description: What to do about it.
      type: str
      sample: Set it to the domain of the instance, such as social.example.org
    host:
      description: The host it was found on; empty when it belongs to the inventory as a whole.
      type: str
      sample: fedi
"""
