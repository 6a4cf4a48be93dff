# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action that loads a table: it confirms over a new connection only, and tells what happened when there is none."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.task import Task
from ansible.template import Templar
from ansible_collections.fediops.mastodon.plugins.action import nft_table

SSH = {"direction": "in", "protocol": "tcp", "ports": [22]}
OPTIONS = {"name": "mine", "content": "", "path": "/etc/mine.nft", "lets_in": [SSH], "rollback_seconds": 1}


class Host:
    """A host as seen from the controller. Its connection lasts until it is reset; a door that is shut lets none in."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.resets = 0
        self.changed = True
        self.existed = True
        self.shut_by_load = False
        self.really_resets = True
        self.over_ssh = True
        self.load_fails = False
        self.loaded_at = 0.0
        self.token = ""
        self.retries: int | None = None

    def back(self) -> bool:
        return self.loaded_at > 0 and time.monotonic() > self.loaded_at + OPTIONS["rollback_seconds"]  # type: ignore[operator]  # it is a number

    def reset(self) -> None:
        self.resets += self.really_resets

    def set_option(self, name: str, value: int) -> None:
        assert name == "reconnection_retries"
        self.retries = value

    def knock(self) -> None:
        if self.resets and self.shut_by_load and self.loaded_at and not self.back():
            raise AnsibleConnectionFailure("Connection timed out")

    def command(self, text: str, sudoable: bool) -> dict[str, str]:
        assert not sudoable, "sudo takes away what sshd says"
        self.knock()
        return {"stdout": f"192.0.2.7 {4000 + self.resets} 198.51.100.9 22\n" if self.over_ssh else "\n"}

    def module(self, module_args: dict[str, Any], **_rest: Any) -> dict[str, Any]:
        self.knock()
        step = module_args["_step"]
        self.steps.append(step)
        if step == "load":
            if self.load_fails:
                return {"failed": True, "msg": "nft refused the table"}
            self.loaded_at, self.token = time.monotonic(), module_args["_token"]
            return {"changed": True}
        if step == "confirm":
            confirmed = module_args["_token"] == self.token and not self.back()
            self.token = "" if confirmed else self.token
            return {"changed": True, "confirmed": confirmed}
        pending = bool(self.token) and not self.back()
        return {
            "changed": self.changed,
            "pending": pending,
            "existed": self.existed,
            "diff": {"before": "", "after": "x"},
        }


def act(host: Host, check: bool = False, **options: Any) -> dict[str, Any]:
    """Run the action."""
    task = Task()
    task.action = "fediops.mastodon.nft_table"
    task.args = {**OPTIONS, **options}
    task.check_mode = check
    task.async_val = 0
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir="unused"), reset=host.reset, set_option=host.set_option)
    action = nft_table.ActionModule(
        task=task,
        connection=connection,
        play_context=None,
        loader=DataLoader(),
        templar=Templar(DataLoader(), {}),
        shared_loader_obj=None,
    )
    action._execute_module = host.module
    action._low_level_execute_command = host.command
    result: dict[str, Any] = action.run(task_vars={})
    return result


@pytest.fixture
def host() -> Host:
    return Host()


def test_nothing_to_do_is_one_execution(host: Host) -> None:
    host.changed = False
    assert not act(host)["changed"]
    assert (host.steps, host.resets) == (["read"], 0)


def test_a_change_is_confirmed_over_a_new_connection(host: Host) -> None:
    result = act(host)
    assert result["changed"]
    assert not result.get("failed")
    assert result["diff"]["after"] == "x"
    assert (host.steps, host.resets, host.token) == (["read", "load", "confirm"], 1, "")
    assert host.retries == 0


def test_check_mode_loads_nothing(host: Host) -> None:
    assert act(host, check=True)["changed"]
    assert (host.steps, host.resets) == (["read"], 0)


@pytest.mark.parametrize("check", [True, False])
def test_rules_that_lock_the_controller_out_are_refused(host: Host, check: bool) -> None:
    result = act(host, check=check, lets_in=[{**SSH, "peers": ["192.0.2.8"]}])
    assert result["failed"]
    assert not result["changed"]
    assert "192.0.2.7" in result["msg"]
    assert "port 22" in result["msg"]
    assert host.steps == ["read"]


@pytest.mark.parametrize("lets_in", [None, [SSH, {"direction": "in", "protocol": "udp"}]])
def test_rules_that_are_not_known_or_let_it_in_are_tried(host: Host, lets_in: Any) -> None:
    assert not act(host, lets_in=lets_in).get("failed")


def test_a_shut_door_is_told(host: Host) -> None:
    host.shut_by_load = True
    result = act(host)
    assert result["failed"]
    assert result["rolled_back"]
    assert not result["changed"]
    for part in ("192.0.2.7 to tcp port 22", "within 1 s", "Connection timed out", "the table that was there before"):
        assert part in result["msg"]
    assert "confirm" not in host.steps


def test_without_a_table_before_it_says_so(host: Host) -> None:
    host.shut_by_load, host.existed = True, False
    assert "having no table of this name" in act(host)["msg"]


def test_a_connection_that_is_not_new_proves_nothing(host: Host) -> None:
    host.really_resets = False
    result = act(host)
    assert result["failed"]
    assert "did not make a new connection" in result["msg"]
    assert "confirm" not in host.steps


def test_a_host_that_stays_away_is_told(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nft_table, "PATIENCE", 1)
    host.shut_by_load = True
    host.back = lambda: False  # type: ignore[method-assign]  # its timer does not work
    result = act(host)
    assert result["failed"]
    assert result["changed"]
    assert not result["rolled_back"]
    assert "console" in result["msg"]


def test_what_the_host_refuses_is_not_confirmed(host: Host) -> None:
    host.load_fails = True
    result = act(host)
    assert result["failed"]
    assert result["msg"] == "nft refused the table"
    assert host.steps == ["read", "load"]


def test_a_connection_that_is_no_ssh_is_confirmed_without_proof(host: Host) -> None:
    host.over_ssh = host.really_resets = False
    result = act(host, lets_in=[])
    assert result["changed"]
    assert host.steps == ["read", "load", "confirm"]
