# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load an nftables table, and let it stay only if a new connection gets in. Documented in plugins/modules/nft_table.py.

The host goes back by itself, so nothing depends on this side: it may be killed, lose its network or forget.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.fediops.mastodon.plugins.module_utils import _firewall, _nft

# Longer than any connection that was begun before the host went back needs to fail.
PATIENCE = 60


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible carries no types
    """Read, and only if something differs: load, hang up, come back, confirm."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Do the task."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _checked, options = self.validate_argument_spec(argument_spec=_nft.ARGUMENTS)
        self._variables = task_vars or {}
        found = self._step("read")
        existed = found.pop("existed", False)
        result.update(found)
        if found.get("failed") or not found["changed"]:
            return result
        way = self._way_in()
        complaint = locked_out(options["lets_in"], way)
        if complaint:
            result.update(failed=True, changed=False, msg=complaint)
        elif not self._task.check_mode:
            result.update(self._load(options, way, existed))
        return result

    def _load(self, options: dict[str, Any], way: str, existed: bool) -> dict[str, Any]:
        token = secrets.token_hex(8)
        # The host's own time begins later, so this ends before the host goes back.
        end = time.monotonic() + options["rollback_seconds"]
        loaded = self._step("load", token)
        if loaded.get("failed"):
            return loaded
        answer, reason = self._confirm(token, way, end)
        if answer is not None and answer.get("confirmed"):
            return {"changed": True, "rolled_back": False}
        time.sleep(max(0.0, end - time.monotonic()))
        return self._gone_back(options, way, existed, reason if answer is None else str(answer.get("msg", "")))

    def _confirm(self, token: str, way: str, end: float) -> tuple[dict[str, Any] | None, str]:
        """Return what the host answered over a new connection, or None and why there was none."""
        reason = ""
        with contextlib.suppress(KeyError, AnsibleError):  # not every kind of connection knows this
            # One try, one error: the loop below is what tries again.
            self._connection.set_option("reconnection_retries", 0)
        while time.monotonic() < end:
            try:
                self._connection.reset()
                now = self._way_in()
                if way and now == way:
                    reason = "the connection plugin did not make a new connection"
                else:
                    return self._step("confirm", token), ""
            except AnsibleError as error:
                reason = str(error)
            time.sleep(0.5)
        return None, reason

    def _gone_back(self, options: dict[str, Any], way: str, existed: bool, reason: str) -> dict[str, Any]:
        before = "the table that was there before" if existed else "having no table of this name"
        told = (
            f"The new table inet {options['name']} was not confirmed over a new connection{_from(way)} within"
            f" {options['rollback_seconds']} s{f' ({reason.strip()})' if reason.strip() else ''}."
        )
        if self._is_back():
            told += (
                f" So the host has gone back by itself to {before}, and {options['path']}, which is loaded at boot, is"
                " as it was. Look at the difference (--diff) for what shut the door, correct the rules, and run this"
                " again."
            )
            return {"failed": True, "changed": False, "rolled_back": True, "msg": told}
        told += (
            f" The host should have gone back by itself to {before}, but cannot be reached even now. Look on its"
            f" console: journalctl -u 'nft-table-{options['name']}-*', nft list table inet {options['name']}. A restart"
            f" loads {options['path']}, which is as it was."
        )
        return {"failed": True, "changed": True, "rolled_back": False, "msg": told}

    def _is_back(self) -> bool:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(AnsibleError):
                self._connection.reset()
                found = self._step("read")
                if not found.get("failed") and not found["pending"]:
                    return True
            time.sleep(0.5)
        return False

    def _step(self, step: str, token: str = "") -> dict[str, Any]:
        answer: dict[str, Any] = self._execute_module(
            module_name="fediops.mastodon.nft_table",
            module_args={**self._task.args, "_step": step, "_token": token},
            task_vars=self._variables,
        )
        return answer

    def _way_in(self) -> str:
        """Return what sshd says about the connection: both addresses and ports. Empty when it is no ssh."""
        answer = self._low_level_execute_command('echo "$SSH_CONNECTION"', sudoable=False)
        return str(answer["stdout"]).strip()


def locked_out(lets_in: list[dict[str, Any]] | None, way: str) -> str:
    """Return why the controller could not come back, or an empty text when it can or nobody knows."""
    words = way.split()
    if lets_in is None or len(words) != 4 or _firewall.lets_in(lets_in, words[0], int(words[3])):
        return ""
    return (
        f"No rule lets this controller in again: it comes from {words[0]} to tcp port {words[3]}. Nothing was changed."
        f" Add a rule with direction in, protocol tcp, port {words[3]} and a peer that has {words[0]} in it."
    )


def _from(way: str) -> str:
    words = way.split()
    return f" from {words[0]} to tcp port {words[3]}" if len(words) == 4 else ""
