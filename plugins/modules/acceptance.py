#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: acceptance
short_description: Show what was found at an instance as a table, and fail when something is broken
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Gathers the rows that M(fediops.mastodon.instance_probe) found on all hosts, prints them as one table, and fails
    when a row is red.
  - A host that did not answer, or was never asked, is a red row.
  - This is an action that works on the controller only. Run it once, in a play that all hosts are in.
extends_documentation_fragment:
  - fediops.mastodon.attributes
attributes:
  check_mode:
    support: full
    details: The file O(json) is written in check mode, too, since it is the answer and not a change of the instance.
  diff_mode:
    support: none
    details: It never changes anything.
  idempotent:
    support: N/A
    details: Nothing is changed; a second run says the same while the instance stays in the same state.
options:
  title:
    description:
      - The line above the table.
    type: str
    default: ""
  questions:
    description:
      - The looks that were asked for.
    type: list
    elements: dict
    required: true
    suboptions:
      register:
        description:
          - The variable that holds the registered result of M(fediops.mastodon.instance_probe) on each host.
        type: str
        required: true
      hosts:
        description:
          - The hosts that were asked.
        type: list
        elements: str
        required: true
      what:
        description:
          - What to call this look in the row of a host that did not answer.
        type: str
        required: true
  rows:
    description:
      - Rows that the playbook itself knows of.
    type: list
    elements: dict
    default: []
    suboptions:
      host:
        description:
          - Whom the row is about.
        type: str
        required: true
      area:
        description:
          - The part of the instance that it is about.
        type: str
        required: true
      name:
        description:
          - What was looked at.
        type: str
        required: true
      status:
        description:
          - Whether it is as it should be.
        type: str
        choices: [ok, warn, fail]
        required: true
      detail:
        description:
          - What was found.
        type: str
        required: true
      cure:
        description:
          - What to do about it.
        type: str
        default: ""
  json:
    description:
      - Write title, rows and counts to this file on the controller, as JSON. Nothing is written when it is empty.
    type: path
    default: ""
seealso:
  - module: fediops.mastodon.instance_probe
"""

EXAMPLES = r"""
- name: Show what was found
  fediops.mastodon.acceptance:
    title: Acceptance of social.example.org
    questions:
      - register: look
        hosts: "{{ groups['mastodon'] }}"
        what: Look at the host
    rows:
      - host: "-"
        area: backup
        name: Backup
        status: warn
        detail: no backup configured
        cure: Copy the database and the secret store to another place
  run_once: true
"""

RETURN = r"""
counts:
  description: How many rows there are of each status.
  returned: always
  type: dict
  sample: {ok: 41, warn: 1, fail: 0}
"""
