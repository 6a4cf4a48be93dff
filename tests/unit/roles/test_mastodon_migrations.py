# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order role mastodon touches the database, for each answer that the database may give.

The role's own task files are followed by a small reader of them, with Ansible's own conditions and templates; what they
would run in a container is noted instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROLE = Path(__file__).resolve().parents[3] / "roles" / "mastodon"
HEAD = "database: mastodon\n\n Status   Migration ID    Migration Name\n----------------------------------------\n"
UP = "   up     20260101000000  Create tables\n"
DOWN = "  down    20261123000000  Add locale to statuses\n"
GONE = "   up     20270101000000  ********** NO FILE **********\n"
EMPTY = "Schema migrations table does not exist yet.\n"
PREPARE, SEED = "bin/rails db:prepare", "bin/rails db:seed"
MIGRATE, EARLY = "bin/rails db:migrate", "SKIP_POST_DEPLOYMENT_MIGRATIONS=true bin/rails db:migrate"
IMAGE = "ghcr.io/mastodon/mastodon:v9.9.9"
READY = {"database": "ready", "image": IMAGE}
OLD = {"database": "ready", "image": "ghcr.io/mastodon/mastodon:v9.9.8"}
UNFINISHED = {"database": "unfinished", "image": IMAGE}


class RefusedError(Exception):
    """An assertion of the role does not hold."""


class Run:
    """One run of the role from its look at the database on."""

    def __init__(self, answers: list[str], state: dict[str, Any], **variables: Any) -> None:
        """Take the answers of db:migrate:status one after the other, and what earlier runs have remembered."""
        self.loader = DataLoader()
        self.variables: dict[str, Any] = {}
        for file in ("defaults/main.yml", "vars/main.yml"):
            self.variables |= self.loader.load_from_file(str(ROLE / file), trusted_as_template=True)
        self.variables |= {
            "ansible_check_mode": False,
            "mastodon_version": "9.9.9",
            **{f"mastodon_{name}": value for name, value in variables.items()},
            "__mastodon_host": {"state": state, "engine": {"tools": ""}},
            "__mastodon_state": dict(state),
        }
        self.answers = answers
        self.done: list[Any] = []

    def value(self, text: Any) -> Any:
        """Return what Ansible makes of a template, or of a structure of them."""
        return Templar(loader=self.loader, variables=self.variables).template(text)

    def holds(self, conditions: Any) -> bool:
        """Say whether all conditions hold."""
        templar = Templar(loader=self.loader, variables=self.variables)
        listed = conditions if isinstance(conditions, list) else [conditions]
        return all(templar.evaluate_conditional(trust_as_template(str(condition))) for condition in listed)

    def follow(self, file: str) -> None:
        """Do the tasks of a file."""
        self.act_all(self.loader.load_from_file(str(ROLE / "tasks" / file), trusted_as_template=True))

    def act_all(self, tasks: list[dict[str, Any]]) -> None:
        """Do those tasks whose conditions hold."""
        for task in tasks:
            if self.holds(task.get("when", True)):
                self.act(task)

    def act(self, task: dict[str, Any]) -> None:
        """Do one task."""
        included = task.get("ansible.builtin.include_tasks") or task.get("ansible.builtin.import_tasks")
        if "block" in task:
            self.act_all(task["block"])
        elif facts := task.get("ansible.builtin.set_fact"):
            self.variables |= {name: self.value(text) for name, text in facts.items()}
        elif check := task.get("ansible.builtin.assert"):
            if not self.holds(check["that"]):
                raise RefusedError(self.value(check["fail_msg"]))
        elif "community.docker.docker_compose_v2" in task:
            self.done.append("start")
        elif included == "remember.yml":
            remembered = self.value(task["vars"]["__mastodon_remember"])
            self.done.append(remembered)
            self.variables["__mastodon_state"] |= remembered
        elif included == "tools.yml":
            self.tool(task["vars"])
        elif included:
            self.follow(included)

    def tool(self, given: dict[str, Any]) -> None:
        """Note a command that would run in a container; a question about migrations gets its answer."""
        words = given["__mastodon_tools_argv"]
        settings = [f"{name}={text}" for name, text in given.get("__mastodon_tools_env", {}).items()]
        if words[-1] == "db:migrate:status":
            self.variables["__mastodon_tools"] = {"rc": 0, "stdout": self.answers.pop(0), "stderr": ""}
        else:
            self.done.append(" ".join([*settings, *words]))


def play(*answers: str, state: dict[str, Any] | None = None, **variables: Any) -> list[Any]:
    """Return what a run does, in its order; "start" is where new containers take the place of the old ones."""
    run = Run(list(answers), state or {}, **variables)
    for file in ("database.yml", "service.yml", "finish.yml"):
        run.follow(file)
    assert run.answers == [], "it was to ask as often"
    return run.done


def test_an_empty_database_is_filled_once_that_is_written_down() -> None:
    assert play(EMPTY) == [{"database": "preparing"}, PREPARE, "start", READY]


@pytest.mark.parametrize("answer", [EMPTY, HEAD + UP + DOWN, HEAD + UP])
def test_what_a_killed_run_began_is_completed_without_a_word_of_upgrades(answer: str) -> None:
    done = play(answer, state={"database": "preparing"})
    assert [step for step in done if step != {"database": "preparing"}] == [PREPARE, SEED, "start", READY]


@pytest.mark.parametrize("upgrade", [False, True])
def test_a_release_without_migrations_touches_nothing(upgrade: bool) -> None:
    assert play(HEAD + UP, state=OLD, upgrade=upgrade) == ["start", READY]


def test_nothing_is_asked_once_it_is_known() -> None:
    assert play(state=READY) == ["start"]


def test_migrations_wait_for_the_admin() -> None:
    with pytest.raises(RefusedError, match=r"needs 1 migrations.*mastodon_upgrade=true"):
        play(HEAD + UP + DOWN, state=OLD)


def test_an_upgrade_migrates_twice_and_the_second_time_after_the_old_release_has_gone() -> None:
    done = play(HEAD + UP + DOWN, state=OLD, upgrade=True)
    assert done == [EARLY, "start", UNFINISHED, MIGRATE, {"database": "ready"}]


def test_an_upgrade_that_was_killed_after_the_start_is_finished_by_the_next_run() -> None:
    assert play(state=UNFINISHED) == ["start", MIGRATE, {"database": "ready"}]


@pytest.mark.parametrize("upgrade", [False, True])
@pytest.mark.parametrize("state", [OLD, {"database": "preparing"}, {}])
@pytest.mark.parametrize("is_leader", [True, False])
def test_there_is_no_way_back(state: dict[str, Any], upgrade: bool, is_leader: bool) -> None:
    with pytest.raises(RefusedError, match=r"older than its database.*restored backup"):
        play(HEAD + UP + GONE, state=state, upgrade=upgrade, is_leader=is_leader)


def test_an_instance_that_was_there_before_the_role_is_taken_as_it_is() -> None:
    assert play(HEAD + UP) == ["start", READY]


def test_who_does_not_lead_migrates_nothing() -> None:
    early = HEAD + UP
    assert play(HEAD + UP + DOWN, early, HEAD + UP + DOWN, state=OLD, is_leader=False) == ["start", UNFINISHED]
    assert play(HEAD + UP + DOWN, early, HEAD + UP, state=OLD, is_leader=False)[-1] == {"database": "ready"}
    assert play(HEAD + UP, state=OLD, is_leader=False) == ["start", READY]


@pytest.mark.parametrize("answers", [[EMPTY], [HEAD + UP + DOWN, HEAD + UP + DOWN], [HEAD + UP + DOWN, ""]])
def test_who_does_not_lead_waits_for_the_leader(answers: list[str]) -> None:
    with pytest.raises(RefusedError, match="Another host makes it ready"):
        play(*answers, state=OLD, is_leader=False, upgrade=True)


@pytest.mark.parametrize("answer", ["", "could not translate host name", "PG::ConnectionBad"])
def test_no_answer_is_no_empty_database(answer: str) -> None:
    with pytest.raises(RefusedError, match="could not look at its database"):
        play(answer, upgrade=True)
