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
READY = {"database": "ready", "image": "ghcr.io/mastodon/mastodon:v4.7.6"}


class RefusedError(Exception):
    """An assertion of the role does not hold."""


class Run:
    """One run of the role from the database's answer on."""

    def __init__(self, answer: str, state: dict[str, Any], upgrade: bool) -> None:
        """Take the answer of db:migrate:status, and what earlier runs have remembered."""
        self.loader = DataLoader()
        self.variables: dict[str, Any] = {}
        for file in ("defaults/main.yml", "vars/main.yml"):
            self.variables |= self.loader.load_from_file(str(ROLE / file), trusted_as_template=True)
        self.variables |= {
            "mastodon_upgrade": upgrade,
            "__mastodon_host": {"state": state},
            "__mastodon_state": dict(state),
            "__mastodon_tools": {"rc": 0, "stdout": answer, "stderr": ""},
        }
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
        for task in self.loader.load_from_file(str(ROLE / "tasks" / file), trusted_as_template=True):
            if self.holds(task.get("when", True)):
                self.act(task)

    def act(self, task: dict[str, Any]) -> None:
        """Do one task."""
        given = task.get("vars", {})
        if facts := task.get("ansible.builtin.set_fact"):
            self.variables |= {name: self.value(text) for name, text in facts.items()}
        elif check := task.get("ansible.builtin.assert"):
            if not self.holds(check["that"]):
                raise RefusedError(self.value(check["fail_msg"]))
        elif task["ansible.builtin.include_tasks"] == "remember.yml":
            remembered = self.value(given["__mastodon_remember"])
            self.done.append(remembered)
            self.variables["__mastodon_state"] |= remembered
        else:
            assert task["ansible.builtin.include_tasks"] == "tools.yml", task["name"]
            settings = [f"{name}={text}" for name, text in given.get("__mastodon_tools_env", {}).items()]
            self.done.append(" ".join([*settings, *given["__mastodon_tools_argv"]]))


def play(answer: str, state: dict[str, Any] | None = None, *, upgrade: bool = False) -> list[Any]:
    """Return what is done, in its order; "start" is where the new containers take the place of the old ones."""
    run = Run(answer, state or {}, upgrade)
    run.follow("migrations.yml")
    run.done.append("start")
    run.follow("finish.yml")
    return run.done


def test_an_empty_database_is_filled_once_that_is_written_down() -> None:
    assert play(EMPTY) == [{"database": "preparing"}, PREPARE, "start", READY]


@pytest.mark.parametrize("answer", [EMPTY, HEAD + UP + DOWN, HEAD + UP])
def test_what_a_killed_run_began_is_completed_without_a_word_of_upgrades(answer: str) -> None:
    done = play(answer, {"database": "preparing"})
    assert [step for step in done if step != {"database": "preparing"}] == [PREPARE, SEED, "start", READY]


@pytest.mark.parametrize("upgrade", [False, True])
def test_a_release_without_migrations_touches_nothing(upgrade: bool) -> None:
    assert play(HEAD + UP, {**READY, "image": "older"}, upgrade=upgrade) == ["start", READY]


def test_migrations_wait_for_the_admin() -> None:
    with pytest.raises(RefusedError, match=r"needs 1 migrations.*mastodon_upgrade=true"):
        play(HEAD + UP + DOWN, READY)


def test_an_upgrade_migrates_twice_and_the_second_time_after_the_old_release_has_gone() -> None:
    assert play(HEAD + UP + DOWN, READY, upgrade=True) == [EARLY, "start", MIGRATE, READY]


@pytest.mark.parametrize("upgrade", [False, True])
@pytest.mark.parametrize("state", [READY, {"database": "preparing"}, {}])
def test_there_is_no_way_back(state: dict[str, Any], upgrade: bool) -> None:
    with pytest.raises(RefusedError, match=r"older than its database.*restored backup"):
        play(HEAD + UP + GONE, state, upgrade=upgrade)


def test_an_instance_that_was_there_before_the_role_is_taken_as_it_is() -> None:
    assert play(HEAD + UP) == ["start", READY]


@pytest.mark.parametrize("answer", ["", "could not translate host name", "PG::ConnectionBad"])
def test_no_answer_is_no_empty_database(answer: str) -> None:
    with pytest.raises(RefusedError, match="could not look at its database"):
        play(answer, upgrade=True)
