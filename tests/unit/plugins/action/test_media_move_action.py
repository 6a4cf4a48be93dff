# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of a move: it refuses before it asks a host, and goes on until the host says stop."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.task import Task
from ansible.template import Templar
from ansible_collections.fediops.mastodon.plugins.action import media_move

OPTIONS = {
    "from": [{"name": "disk"}],
    "origins": [{"name": "disk", "directory": "/srv/media"}],
    "target": {"endpoint_url": "http://10.0.0.1:9000", "bucket": "media"},
    "again": True,
}


def run(answers: list[dict[str, Any]], asked: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    task = Task()
    task.action = "fediops.mastodon.media_move"
    task.args = {**OPTIONS, **options}
    task.async_val = 0
    loader = DataLoader()
    action = media_move.ActionModule(
        task, SimpleNamespace(_shell=SimpleNamespace(tmpdir="")), SimpleNamespace(), loader, Templar(loader), None
    )

    def module(module_args: dict[str, Any], **_rest: Any) -> dict[str, Any]:
        asked.append(dict(module_args))
        return answers.pop(0)

    action._execute_module = module
    found: dict[str, Any] = action.run(task_vars={})
    return found


def test_it_goes_on_until_nothing_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = [
        {
            "changed": True,
            "state": "copying-local",
            "_working": True,
            "report": [],
            "_line": "10%",
            "diff": {"before": 1, "after": 2},
        },
        {
            "changed": False,
            "state": "copying-local",
            "_working": True,
            "report": [],
            "_line": "20%",
            "diff": {"before": 2, "after": 2},
        },
        {"changed": False, "state": "verified", "_working": False, "_line": "", "diff": {"before": 2, "after": 3}},
    ]
    found = run(answers, asked)
    assert (found["changed"], found["state"], found["diff"]) == (True, "verified", {"before": 1, "after": 3})
    assert [each["again"] for each in asked] == [True, False, False]
    said = capsys.readouterr().out
    assert "copying-local: 10%" in said
    assert "copying-local: 20%" in said


def test_a_host_that_gives_up_ends_it() -> None:
    asked: list[dict[str, Any]] = []
    found = run([{"failed": True, "msg": "3 objects are not right"}], asked)
    assert (found["failed"], len(asked)) == (True, 1)


def test_faults_are_found_before_a_host_is_asked() -> None:
    asked: list[dict[str, Any]] = []
    with pytest.raises(AnsibleActionFail, match="no entry of instance_media_origins"):
        run([], asked, **{"from": [{"name": "nowhere"}]})
    assert run([], asked, only_validate=True)["changed"] is False
    assert not asked


def test_a_worker_does_not_outlive_its_playbook(monkeypatch: pytest.MonkeyPatch) -> None:
    parents = iter([100, 100, 1])
    monkeypatch.setattr(media_move.os, "getppid", lambda: next(parents))
    asked: list[dict[str, Any]] = []
    with pytest.raises(AnsibleActionFail, match="The playbook has ended"):
        run([{"state": "declared", "_working": True, "_line": ""}], asked)
    assert len(asked) == 1


def test_a_wish_is_repeated_until_the_host_has_heard_it() -> None:
    asked: list[dict[str, Any]] = []
    busy = {"changed": False, "state": "fallback", "_working": True, "_line": "another run is at work"}
    run([busy, {"state": "delta", "_working": True, "report": []}, {"state": "fallback", "report": []}], asked)
    assert [each["again"] for each in asked] == [True, True, False]
