# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse an inventory that cannot work, with all its faults at once. Documented in plugins/modules/preflight.py."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.fediops.mastodon.plugins.module_utils import _preflight, _rules_instance
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault
from ansible_collections.fediops.mastodon.plugins.module_utils._inventory import Inventory
from ansible_collections.fediops.mastodon.plugins.plugin_utils import _specs, _survey


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible carries no types
    """Apply the rules on the controller; nothing is ever run on a host."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Collect the faults, and fail when there is one."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _checked, options = self.validate_argument_spec(argument_spec={"role": {"type": "str"}})
        variables = task_vars or {}
        try:
            found = self._of_role(options["role"], variables) if options["role"] else self._of_inventory(variables)
        except LookupError as error:
            raise AnsibleActionFail(str(error)) from error
        faults = list(dict.fromkeys(found))
        result.update(changed=False, faults=[dataclasses.asdict(fault) for fault in faults])
        if faults:
            result.update(failed=True, msg=_preflight.describe(faults))
        return result

    def _of_role(self, role: str, task_vars: dict[str, Any]) -> list[Fault]:
        rules = _preflight.role_rules(role)
        host = str(task_vars.get("inventory_hostname", ""))
        names = [name for name in task_vars if name.startswith(f"{role}_")]
        values, failures = _survey.template_all(self._templar, task_vars, names)
        values["ansible_facts"] = task_vars.get("ansible_facts", {})
        return [*_survey.failure_faults({host: failures}), *_preflight.apply(rules, values, host)]

    def _of_inventory(self, task_vars: dict[str, Any]) -> list[Fault]:
        survey = _survey.Survey(self._loader, task_vars)
        inventory = survey.inventory()
        # Of hosts that --limit leaves out or that do not answer, what depends on facts cannot be judged.
        judged = [host for host in inventory.hosts if survey.facts[host] and host not in inventory.silent]
        uncomputed = {name for host in judged for name in survey.failures[host]}
        faults = [
            fault for rule in _rules_instance.RULES for fault in rule(inventory) if fault.variable not in uncomputed
        ]
        named = {fault.variable for fault in faults}
        # What a rule has already said, and what only follows from it, is not said again.
        failures = _survey.failure_faults({host: survey.failures[host] for host in judged})
        faults += [fault for fault in failures if fault.variable not in named]
        for host in judged:
            faults += [
                _survey.explained(fault, inventory)
                for fault in self._of_roles(survey, inventory, host)
                if fault.variable not in uncomputed and not named & _survey.causes(fault, inventory)
            ]
        return faults

    def _of_roles(self, survey: _survey.Survey, inventory: Inventory, host: str) -> Iterator[Fault]:
        for role in survey.roles(host):
            values = {name: value for name, value in inventory.hosts[host].items() if name.startswith(f"{role}_")}
            values["ansible_facts"] = survey.facts[host]
            of_rules = _preflight.apply(_preflight.role_rules(role), values, host)
            named = {fault.variable for fault in of_rules}
            # A rule says it better than a type.
            yield from (
                fault
                for fault in _specs.spec_faults(survey.options(role), values, survey.failures[host], host)
                if fault.variable not in named
            )
            yield from of_rules
