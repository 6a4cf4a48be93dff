#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: tinc_files
short_description: Have exactly the given files, and say which tinc daemons are older
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - What M(fediops.mastodon.tinc_config) runs on the host, with the files that it has made from the nets.
  - Files get their owner root. Only those that differ are touched, each in one step.
extends_documentation_fragment:
  - fediops.mastodon.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  files:
    description: The wanted files, path to C(text) and C(mode).
    type: dict
    required: true
  exclusive:
    description: Directories in which no other file stays.
    type: list
    elements: path
    required: true
  nets:
    description: Names of the nets whose daemons are looked at.
    type: list
    elements: str
    required: true
  networks:
    description: Networks whose packets must be refused as long as no daemon carries them.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Write one file of a net
  fediops.mastodon.tinc_files:
    files:
      /etc/tinc/data/hosts/tempo:
        text: "{{ tempo }}"
        mode: "0644"
    exclusive: [/etc/tinc/data/hosts]
    nets: [data]
    networks: [10.8.0.0/24]
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
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fediops.mastodon.plugins.module_utils import _tinc_files


def routes(module: AnsibleModule) -> str:
    """Return the routes that refuse packets, as ip prints them; a bare host may have no ip yet."""
    ip = module.get_bin_path("ip")
    if ip is None:
        return ""
    command = (ip, "route", "show", "type", "unreachable")
    return "".join(module.run_command([command[0], family, *command[1:]])[1] for family in ("-4", "-6"))


def run(module: AnsibleModule) -> dict[str, Any]:
    """Compare, write what differs, and look who is behind."""
    wanted = {Path(path): (file["text"], int(file["mode"], 8)) for path, file in module.params["files"].items()}
    changes = _tinc_files.differences(wanted, [Path(path) for path in module.params["exclusive"]])
    if not module.check_mode:
        _tinc_files.apply(changes)
    # What a check would have written counts as newer than any daemon.
    foreseen = [change.path for change in changes] if module.check_mode else []
    nets = {net: _tinc_files.Daemon(net) for net in module.params["nets"]}
    behind = {
        "start": [name for name, daemon in nets.items() if not daemon.is_up()],
        "restart": [name for name, daemon in nets.items() if daemon.needs_restart(foreseen)],
        "reload": [name for name, daemon in nets.items() if daemon.needs_reload(foreseen)],
        "guard": not _tinc_files.is_guarded(routes(module), module.params["networks"], foreseen),
    }
    return {
        "changed": bool(changes) or any(behind.values()),
        "files": [str(change.path) for change in changes],
        "diff": [change.diff() for change in changes],
        **behind,
    }


def main() -> None:
    """Parse the options and say what happened."""
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "dict", "required": True},
            "exclusive": {"type": "list", "elements": "path", "required": True},
            "nets": {"type": "list", "elements": "str", "required": True},
            "networks": {"type": "list", "elements": "str", "required": True},
        },
        supports_check_mode=True,
    )
    module.exit_json(**run(module))


if __name__ == "__main__":
    main()
