# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the folders that guests of a net are sent. Documented in plugins/modules/tinc_guests.py."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.fediops.mastodon.plugins.module_utils import _store, _tinc
from ansible_collections.fediops.mastodon.plugins.plugin_utils import _tinc_keys

ARGUMENTS = {
    "nets": {"type": "list", "elements": "dict", "required": True},
    "keys_dir": {"type": "path", "required": True, "no_log": False},
    "cipher": {"type": "str", "required": True},
    "digest": {"type": "str", "required": True},
    "ping_interval": {"type": "int", "required": True},
    "ping_timeout": {"type": "int", "required": True},
    "mtu": {"type": "int", "required": True},
}

_SHARED = ("cipher", "digest", "ping_interval", "ping_timeout", "mtu")


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible carries no types
    """Everything happens on the controller."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Do the task. The hosts of a run ask for the same folders: whoever comes first writes them."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _checked, options = self.validate_argument_spec(argument_spec=ARGUMENTS)
        folder = Path(self._loader.path_dwim(options["keys_dir"]))
        written: list[str] = []
        guests = [(net, node) for net in map(_tinc.net_of, options["nets"]) for node in net.nodes if node.guest]
        if guests:
            try:
                # A dry run writes nothing, so it has nothing to keep others away from.
                with contextlib.nullcontext() if self._task.check_mode else _store.locked(folder):
                    for net, node in guests:
                        written += self._write(folder, net, node, options)
            except _store.StoreError as error:
                raise AnsibleActionFail(str(error)) from error
        result.update(changed=bool(written), files=written)
        return result

    def _write(self, folder: Path, net: _tinc.Net, node: _tinc.Node, options: dict[str, Any]) -> list[str]:
        settings = _tinc.Settings(node.name, *(options[name] for name in _SHARED))
        wanted = _tinc.guest_files(net, node, _tinc_keys.read(folder, net), settings)
        target = folder / net.name / node.name
        dry = self._task.check_mode
        written = [
            str(target / name) for name, text in wanted.items() if _tinc_keys.write(target / name, text, dry=dry)
        ]
        for path in sorted((target / "hosts").glob("*")):
            if f"hosts/{path.name}" not in wanted:
                written.append(str(path))
                if not dry:
                    path.unlink()
        return written
