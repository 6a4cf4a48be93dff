# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Note each module that Ansible runs on a host, and each step that the hosts go through together.

What Ansible prints of itself, even with -vvv, does not say for which host a module was run.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: executions
type: aggregate
short_description: Write a line for each step and each module execution into $FEDIOPS_EXECUTIONS
description:
  - For tests/bench of this checkout.
"""


def note(**what: str) -> None:
    """Append one line; several processes do so at once, each with a single write."""
    with Path(os.environ["FEDIOPS_EXECUTIONS"]).open("ab", buffering=0) as file:
        file.write(json.dumps(what).encode() + b"\n")


class CallbackModule(CallbackBase):  # type: ignore[misc]  # Ansible carries no types
    """Loaded in Ansible's main process, whose children inherit what is replaced here."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "executions"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        original = ActionBase._execute_module

        def execute(action: Any, *given: Any, **options: Any) -> Any:
            variables = options.get("task_vars") or {}
            module = options.get("module_name") or action._task.action
            note(host=str(variables.get("inventory_hostname")), module=str(module), task=str(action._task.get_name()))
            return original(action, *given, **options)

        ActionBase._execute_module = execute

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """Note a step: all hosts of the play go through it before the next one begins."""
        # Ansible's own flow control asks nobody, and tells of itself once for each host.
        if task.action not in ("meta", "ansible.builtin.meta"):
            note(step=str(task.get_name()))

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        """Note a handler, which is a step as well."""
        note(step=str(task.get_name()))
