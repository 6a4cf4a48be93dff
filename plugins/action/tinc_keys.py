# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collect public halves of tinc keys on the controller. Documented in plugins/modules/tinc_keys.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.fediops.mastodon.plugins.plugin_utils import _tinc_keys


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible carries no types
    """Run the module on the host, then write down what may be known."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Do the task."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        result.update(self._execute_module(module_name="fediops.mastodon.tinc_keys", task_vars=task_vars))
        if result.get("failed"):
            return result
        folder, node = Path(self._loader.path_dwim(self._task.args["keys_dir"])), self._task.args["node"]
        published = []
        for net, key in result["public"].items():
            file = folder / net / f"{node}.pub"
            if key is None or _tinc_keys.write(file, key, dry=self._task.check_mode):
                published.append(net)
                result["diff"]["after"] += f"{net}: a new public half in {file}\n"
        result.update(changed=result["changed"] or bool(published), published=published)
        return result
