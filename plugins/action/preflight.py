# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse an inventory that cannot work, with all its faults at once. Documented in plugins/modules/preflight.py."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError, AnsibleUndefinedVariable
from ansible.plugins.action import ActionBase
from ansible_collections.fediops.mastodon.plugins.module_utils import _preflight
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault


def plain(value: Any) -> Any:
    """Return a copy of a templated value made of plain containers; this forces what the templar left for later."""
    if isinstance(value, Mapping):
        return {key: plain(value[key]) for key in value}
    if isinstance(value, (list, tuple)):
        return [plain(member) for member in value]
    return value


class ActionModule(ActionBase):  # type: ignore[misc]
    """Apply the rules on the controller; nothing is ever run on a host."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Collect the faults, and fail when there is one."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _checked, options = self.validate_argument_spec(argument_spec={"role": {"type": "str", "required": True}})
        faults = self._role_faults(options["role"], task_vars or {})
        result.update(changed=False, faults=[dataclasses.asdict(fault) for fault in faults])
        if faults:
            result.update(failed=True, msg=f"Nothing was changed. Faults found: {len(faults)}\n"
                                           f"{_preflight.describe(faults)}")
        return result

    def _role_faults(self, role: str, task_vars: dict[str, Any]) -> list[Fault]:
        try:
            rules = _preflight.role_rules(role)
        except LookupError as error:
            raise AnsibleActionFail(str(error)) from error
        host = str(task_vars.get("inventory_hostname", ""))
        variables: dict[str, Any] = {"ansible_facts": task_vars.get("ansible_facts", {})}
        faults: list[Fault] = []
        for name in sorted(task_vars):
            if not name.startswith(f"{role}_"):
                continue
            try:
                variables[name] = plain(self._templar.template(task_vars[name]))
            except AnsibleUndefinedVariable as error:
                faults.append(Fault(name, f"it refers to something that is not set: {error.message}",
                                    "Set what it refers to, or give it a value", host))
            except AnsibleError as error:
                faults.append(Fault(name, f"its value cannot be computed: {error.message}",
                                    "Correct the expression, or what it reads", host))
        return faults + _preflight.apply(rules, variables, host)
