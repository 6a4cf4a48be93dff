# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make tinc's files from its nets and the collected keys. Documented in plugins/modules/tinc_config.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.fediops.mastodon.plugins.module_utils import _tinc, _tinc_files
from ansible_collections.fediops.mastodon.plugins.plugin_utils import _tinc_keys

ARGUMENTS = {
    "node": {"type": "str", "required": True},
    "nets": {"type": "list", "elements": "dict", "required": True},
    "keys_dir": {"type": "path", "required": True, "no_log": False},
    "user": {"type": "str", "required": True},
    "cipher": {"type": "str", "required": True},
    "digest": {"type": "str", "required": True},
    "ping_interval": {"type": "int", "required": True},
    "ping_timeout": {"type": "int", "required": True},
    "mtu": {"type": "int", "required": True},
    "unit": {"type": "str", "required": True},
    "guard": {"type": "str", "required": True},
    "sysctl": {"type": "str", "required": True},
}

_SETTINGS = ("node", "cipher", "digest", "ping_interval", "ping_timeout", "mtu")


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible carries no types
    """Decide on the controller what the files say; let the host compare."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Do the task for all nets at once."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _checked, options = self.validate_argument_spec(argument_spec=ARGUMENTS)
        nets = [_tinc.net_of(net) for net in options["nets"]]
        folder = Path(self._loader.path_dwim(options["keys_dir"]))
        keys = {net.name: _tinc_keys.read(folder, net) for net in nets}
        arguments = {
            "files": {str(path): file for path, file in _files(nets, keys, options).items()},
            "exclusive": [str(_tinc_files.CONFIG / net.name / name) for net in nets for name in _tinc_files.RELOADED],
            "nets": [net.name for net in nets],
            "networks": [network for net in nets for network in net.networks],
        }
        result.update(
            self._execute_module(module_name="fediops.mastodon.tinc_files", module_args=arguments, task_vars=task_vars)
        )
        left_out = {net.name: _tinc.missing(net, keys[net.name], options["node"]) for net in nets}
        result["missing"] = {net: names for net, names in left_out.items() if names}
        return result


def _files(
    nets: list[_tinc.Net], keys: dict[str, dict[str, str]], options: dict[str, Any]
) -> dict[Path, dict[str, str]]:
    settings = _tinc.Settings(*(options[name] for name in _SETTINGS))
    found = {
        _tinc_files.GUARD: {"text": options["guard"], "mode": "0644"},
        _tinc_files.SYSCTL: {"text": options["sysctl"], "mode": "0644"},
    }
    for net in nets:
        found[_tinc_files.UNITS / f"tinc@{net.name}.service"] = {"text": options["unit"], "mode": "0644"}
        for name, text in _tinc.own_files(net, keys[net.name], settings, options["user"]).items():
            mode = "0755" if text.startswith("#!") else "0644"
            found[_tinc_files.CONFIG / net.name / name] = {"text": text, "mode": mode}
    return found
