#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: tinc_keys
short_description: Have a key for each tinc net on its host, and collect the public halves on the controller
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Makes the RSA keys that are missing with tinc's own program, on the host. The private half never leaves it.
  - Writes each public half to O(keys_dir) on the controller, as C(NET/NODE.pub), from where
    M(fediops.mastodon.tinc_config) gives it to all peers, also in runs in which this host takes no part.
  - It needs root and tinc 1.0. What a run that was killed has left is finished by the next one.
extends_documentation_fragment:
  - fediops.mastodon.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Names of keys only.
  idempotent:
    support: full
options:
  node:
    description: Name of this host in its nets.
    type: str
    required: true
  nets:
    description: Names of the nets.
    type: list
    elements: str
    required: true
  keys_dir:
    description: The directory on the controller that keeps the public halves. It is created when it is missing.
    type: path
    required: true
  user:
    description: The user that owns the private halves; the daemon runs as this user.
    type: str
    required: true
  bits:
    description: Length of a key that is made.
    type: int
    default: 4096
  rekey:
    description:
      - Nets whose key is made anew, each with a number of your choice, as V(data/2).
      - The number is kept with the key. A key is made anew when its number is lower, and a first key has V(0), so that
        the same entry never makes two keys.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Have keys, and know everybody's public halves
  fediops.mastodon.tinc_keys:
    node: tempo
    nets: [data, admin]
    keys_dir: "{{ inventory_dir }}/keys"
    user: tinc
"""

RETURN = r"""
public:
  description: The public halves by net; V(null) where a check would make the key.
  returned: success
  type: dict
  sample:
    data: "-----BEGIN RSA PUBLIC KEY-----…"
created:
  description: Nets whose key was made, or would be.
  returned: success
  type: list
  elements: str
  sample: [data]
published:
  description: Nets whose public half was new on the controller, or would be.
  returned: success
  type: list
  elements: str
  sample: [data]
"""

import os
import pwd
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fediops.mastodon.plugins.module_utils import _rsa

_SERIAL = re.compile(r"# key ([0-9]+)$", re.M)


def serials(entries: list[str]) -> dict[str, int]:
    """Return the number that a net's key must have at least."""
    found: dict[str, int] = {}
    for entry in entries:
        net, _slash, serial = entry.partition("/")
        found[net] = max(int(serial), found.get(net, 0))
    return found


def is_good(path: Path, serial: int) -> bool:
    """Tell whether there is a key that can stay."""
    try:
        text = path.read_text(encoding="ascii")
        _rsa.public_half(text)
    except (OSError, ValueError):
        return False
    match = _SERIAL.search(text)
    return (int(match[1]) if match else 0) >= serial


def make(module: AnsibleModule, path: Path, serial: int) -> None:
    """Make a key beside its place and move it there in one step."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    owner = pwd.getpwnam(module.params["user"])
    folder = Path(tempfile.mkdtemp(prefix=".key-", dir=path.parent))
    try:
        # Without an option file tincd knows no name, and puts both halves into the folder; without a terminal it asks
        # nothing.
        command = ["tincd", "--config", str(folder), f"--generate-keys={module.params['bits']}"]
        code, out, err = module.run_command(command, data="")
        fresh = folder / "rsa_key.priv"
        if not fresh.exists():
            module.fail_json(msg=f"tincd made no key (status {code}): {err or out}")
        text = fresh.read_text(encoding="ascii").strip()
        fresh.write_text(f"# key {serial}\n{text}\n", encoding="ascii")
        fresh.chmod(0o600)
        os.chown(fresh, owner.pw_uid, owner.pw_gid)
        with fresh.open("rb") as handle:
            os.fsync(handle.fileno())
        fresh.replace(path)
    finally:
        shutil.rmtree(folder)


def guard(module: AnsibleModule, path: Path) -> bool:
    """Give an existing key its owner and mode back; tell whether it had lost them."""
    owner, state = pwd.getpwnam(module.params["user"]), path.stat()
    wrong = (state.st_uid, state.st_gid, state.st_mode & 0o7777) != (owner.pw_uid, owner.pw_gid, 0o600)
    if wrong and not module.check_mode:
        path.chmod(0o600)
        os.chown(path, owner.pw_uid, owner.pw_gid)
    return wrong


def run(module: AnsibleModule) -> dict[str, Any]:
    """Make what is missing; say what there is."""
    least = serials(module.params["rekey"])
    created: list[str] = []
    tightened: list[str] = []
    public: dict[str, Any] = {}
    for net in module.params["nets"]:
        path = Path("/etc/tinc") / net / "rsa_key.priv"
        for leftover in path.parent.glob(".key-*") if not module.check_mode else ():
            shutil.rmtree(leftover)
        if not is_good(path, least.get(net, 0)):
            created.append(net)
            if module.check_mode:
                public[net] = None
                continue
            make(module, path, least.get(net, 0))
        elif guard(module, path):
            tightened.append(net)
        public[net] = _rsa.public_half(path.read_text(encoding="ascii"))
    after = [f"{net}: a new key" for net in created] + [f"{net}: readable for its owner only" for net in tightened]
    return {
        "changed": bool(created or tightened),
        "created": created,
        "public": public,
        "diff": {"before": "", "after": "".join(f"{line}\n" for line in after)},
    }


def main() -> None:
    """Parse the options and say what happened."""
    module = AnsibleModule(
        argument_spec={
            "node": {"type": "str", "required": True},
            "nets": {"type": "list", "elements": "str", "required": True},
            "keys_dir": {"type": "path", "required": True, "no_log": False},
            "user": {"type": "str", "required": True},
            "bits": {"type": "int", "default": 4096},
            "rekey": {"type": "list", "elements": "str", "default": [], "no_log": False},
        },
        supports_check_mode=True,
    )
    module.exit_json(**run(module))


if __name__ == "__main__":
    main()
