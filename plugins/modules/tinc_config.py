#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: tinc_config
short_description: Have exactly the wanted files of all tinc nets on a host, and say which daemons are older
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Writes the options, the peers and the files of C(hosts/) of each net, and removes those of peers that are no more.
    Only files that differ are touched, because tincd drops a connection when its peer's file is newer.
  - A node whose public half is neither in O(nets) nor in O(keys_dir) is left out, and named in the result.
  - Then it compares the files with what the daemons have read, which their units note in C(/run/tinc-NET), and says
    which have to be started, restarted or reloaded. What a run that was killed has left to do is therefore found.
  - It starts nothing itself. It needs root.
extends_documentation_fragment:
  - fediops.mastodon.attributes
  - fediops.mastodon.tinc
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  node:
    description: Name of this host in its nets.
    type: str
    required: true
  user:
    description: The user as which the daemons run.
    type: str
    required: true
  unit:
    description: Text of a net's unit; it is the same for all nets.
    type: str
    required: true
  guard:
    description: Text of the unit that refuses packets for the nets' networks as long as no daemon carries them.
    type: str
    required: true
  sysctl:
    description: Text of the kernel settings.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Write the files of all nets
  fediops.mastodon.tinc_config:
    node: tempo
    nets: "{{ tinc_vpn_nets }}"
    keys_dir: "{{ inventory_dir }}/keys"
    user: tinc
    cipher: aes-256-cbc
    digest: sha256
    ping_interval: 5
    ping_timeout: 3
    mtu: 1400
    unit: "{{ lookup('ansible.builtin.template', 'tinc@.service.j2') }}"
    guard: "{{ lookup('ansible.builtin.template', 'tinc-vpn-guard.service.j2') }}"
    sysctl: "{{ lookup('ansible.builtin.template', 'sysctl.conf.j2') }}"
"""

RETURN = r"""
files:
  description: The files that were written or removed, or would be.
  returned: success
  type: list
  elements: str
  sample: [/etc/tinc/data/hosts/parasect]
start:
  description: Nets that do not run, or not after a boot.
  returned: success
  type: list
  elements: str
  sample: []
restart:
  description: Nets whose daemon was started with older files.
  returned: success
  type: list
  elements: str
  sample: []
reload:
  description: Nets whose daemon knows older peers.
  returned: success
  type: list
  elements: str
  sample: [data]
guard:
  description: Whether the unreachable routes or the kernel settings are not in force as they should be.
  returned: success
  type: bool
  sample: false
missing:
  description: Nodes that are left out, by net, because nobody knows their public half yet.
  returned: success
  type: dict
  sample:
    data: [pikachu]
"""
