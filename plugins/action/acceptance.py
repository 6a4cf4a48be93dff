# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show what was found at an instance, and fail when a row is red. Documented in plugins/modules/acceptance.py."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible import constants as C  # noqa: N812 -- everybody calls it so
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.fediops.mastodon.plugins.module_utils import _table
from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import (
    FAIL,
    OK,
    STATUSES,
    WARN,
    Question,
    as_data,
    count,
    gather,
    row,
)

# Ansible believes that whatever is no terminal has 79 columns, which is too narrow for four.
NARROWEST = 110
COLOURS = {OK: C.COLOR_OK, WARN: C.COLOR_CHANGED, FAIL: C.COLOR_ERROR}

ARGUMENTS: dict[str, dict[str, Any]] = {
    "title": {"type": "str", "default": ""},
    "questions": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "register": {"type": "str", "required": True},
            "hosts": {"type": "list", "elements": "str", "required": True},
            "what": {"type": "str", "required": True},
        },
    },
    "rows": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "host": {"type": "str", "required": True},
            "area": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "status": {"type": "str", "required": True, "choices": list(STATUSES)},
            "detail": {"type": "str", "required": True},
            "cure": {"type": "str", "default": ""},
        },
    },
    "json": {"type": "path", "default": ""},
}


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible carries no types
    """Read what other tasks registered; nothing is ever run on a host."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Gather, print, write, judge."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _checked, options = self.validate_argument_spec(argument_spec=ARGUMENTS)
        questions = [Question(each["register"], tuple(each["hosts"]), each["what"]) for each in options["questions"]]
        rows = gather(questions, _results(questions, (task_vars or {}).get("hostvars", {})))
        rows += [row(fields) for fields in options["rows"]]
        # The table stands by itself: inside of a task's result it would be a quoted string.
        for line, status in _table.render(rows, options["title"], max(self._display.columns, NARROWEST)):
            self._display.display(line, color=COLOURS.get(status))
        counts = count(rows)
        if options["json"]:
            _write(Path(options["json"]), {"title": options["title"], "counts": counts, "rows": as_data(rows)})
        result.update(changed=False, counts=counts, msg=_table.summary(rows))
        if counts[FAIL] or not rows:
            result["failed"] = True
        return result


def _results(questions: Sequence[Question], hostvars: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the registered results of all hosts that were asked, by host and by name."""
    found: dict[str, dict[str, Any]] = {}
    for question in questions:
        for host in question.hosts:
            # Asked for a host that it does not know, hostvars answers with an undefined value, not with an error.
            if host in hostvars and question.register in hostvars[host]:
                found.setdefault(host, {})[question.register] = hostvars[host][question.register]
    return found


def _write(path: Path, data: Mapping[str, Any]) -> None:
    """Write at once or not at all: whoever waits for the file must never read half of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise AnsibleActionFail(f"cannot write {path}: {error.strerror}") from error
