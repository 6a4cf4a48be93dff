# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the steps of a move one after the other, and show how far it is. Documented in plugins/modules/media_move.py."""

from __future__ import annotations

import os
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.fediops.mastodon.plugins.module_utils import _media_move_places, _preflight


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible carries no types
    """The host remembers everything: this side may be killed at any moment."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Refuse what cannot work, then go on until the host says that there is nothing to do for now."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = dict(self._task.args)
        faults = list(
            _media_move_places.faults(options.get("from"), options.get("origins") or [], options.get("target") or {})
        )
        if faults:
            raise AnsibleActionFail(_preflight.describe(faults))
        if boolean(options.pop("only_validate", False)):
            result.update(changed=False)
            return result
        display, last, changed, first = Display(), "", False, None
        playbook = os.getppid()
        while True:
            if os.getppid() != playbook:
                # The playbook was killed, which its workers outlive; another run may be at work already.
                raise AnsibleActionFail("The playbook has ended. The host goes on with what it has begun.")
            answer: dict[str, Any] = self._execute_module(
                module_name="fediops.mastodon.media_move", module_args=options, task_vars=task_vars or {}
            )
            working, line = answer.pop("_working", False), answer.pop("_line", "")
            changed = changed or bool(answer.get("changed"))
            first = first or answer.get("diff", {}).get("before")
            told = f"  {answer.get('state')}: {line}"
            if line and told != last:
                display.display(told)
            last = told
            if answer.get("failed") or not working:
                break
            # Once a run, and only when it has been heard.
            options["again"] = boolean(options.get("again", False)) and "report" not in answer
        if first and isinstance(answer.get("diff"), dict):
            answer["diff"]["before"] = first
        result.update(answer, changed=changed)
        return result
