#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: tinc_guests
short_description: Write, on the controller, the folder that each guest of a tinc net is sent
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - A guest is a person's machine that no play configures. Its folder holds all but the private key, which its owner
    makes, and a C(README) that tells him how.
  - The folder of guest C(NODE) of net C(NET) is C(NET/NODE) in O(keys_dir). It changes when the net does; then its
    owner needs the new one.
  - This is an action that runs on the controller.
extends_documentation_fragment:
  - fediops.mastodon.attributes
  - fediops.mastodon.tinc
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: The files are listed in the result.
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Write the folders for laptops
  fediops.mastodon.tinc_guests:
    nets: "{{ tinc_vpn_nets }}"
    keys_dir: "{{ inventory_dir }}/keys"
    cipher: aes-256-cbc
    digest: sha256
    ping_interval: 5
    ping_timeout: 3
    mtu: 1400
"""

RETURN = r"""
files:
  description: The files that were written or removed, or would be.
  returned: success
  type: list
  elements: str
  sample: [/home/admin/inventory/keys/admin/laptop/tinc.conf]
"""
