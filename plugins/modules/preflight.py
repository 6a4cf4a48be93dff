#!/usr/bin/python
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
  - This is an action that works on the controller only. It never runs anything on a host, so it can stand before the first change.
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
    required: true
"""

EXAMPLES = r"""
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
      description: Name of the variable at fault.
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
      description: The host it was found on; empty when it belongs to the instance as a whole.
      type: str
      sample: fedi
"""
