# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's interface is three files: argument_specs.yml, defaults/main.yml and README.md. Held together here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

ROOT = Path(__file__).resolve().parents[3]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
# Rules and filters are where judgement about a variable lives; a variable that only they read is in use.
PLUGINS = "\n".join(path.read_text() for path in (ROOT / "plugins").rglob("*.py"))


def options(role: str) -> dict[str, dict[str, Any]]:
    """The options of a role's main entry point."""
    specs = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text())
    found: dict[str, dict[str, Any]] = specs["argument_specs"]["main"]["options"]
    return found


def defaults(role: str) -> dict[str, Any]:
    """The defaults of a role."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "roles" / role / "defaults" / "main.yml").read_text())
    return found


def code(role: str) -> str:
    """Everything a role executes or renders."""
    folders = ("tasks", "templates", "handlers", "vars", "files")
    parts = [path for folder in folders for path in (ROOT / "roles" / role / folder).rglob("*") if path.is_file()]
    return "\n".join(path.read_text() for path in parts)


@pytest.mark.parametrize("role", ROLES)
def test_defaults_and_specification_have_the_same_keys_in_the_same_order(role: str) -> None:
    optional = [name for name, option in options(role).items() if not option.get("required", False)]
    assert optional == list(defaults(role)), "order: required options may stand anywhere in the specification"
    assert optional, "a role without one optional variable is a mistake of this test"


@pytest.mark.parametrize("role", ROLES)
def test_defaults_and_specification_have_the_same_values(role: str) -> None:
    specified = {name: option.get("default") for name, option in options(role).items() if not option.get("required")}
    assert specified == defaults(role)


@pytest.mark.parametrize("role", ROLES)
def test_defaults_pass_their_own_specification(role: str) -> None:
    # An option of an option that is required makes an empty dictionary a bad default.
    optional = {name: option for name, option in options(role).items() if not option.get("required")}
    literal = {name: value for name, value in defaults(role).items() if "{{" not in str(value)}
    found = ArgumentSpecValidator({name: optional[name] for name in literal}).validate(literal)
    assert found.error_messages == []


@pytest.mark.parametrize("role", ROLES)
def test_required_options_have_no_default(role: str) -> None:
    required = {name for name, option in options(role).items() if option.get("required", False)}
    assert not required & set(defaults(role))


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_carries_the_role_s_name_and_a_description(role: str) -> None:
    for name, option in options(role).items():
        assert name.startswith(f"{role}_")
        assert option.get("description"), name
        assert option.get("type"), name


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_is_used(role: str) -> None:
    text = code(role) + PLUGINS
    unused = [name for name in options(role) if not re.search(rf"\b{name}\b", text)]
    assert unused == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_knows_no_other_role_and_no_group(role: str) -> None:
    text = code(role)
    foreign = [other for other in ROLES if other != role and re.search(rf"\b{other}_[a-z]", text)]
    # The name of a role may also begin a word of another product, e.g. postgres_exporter: none is used yet.
    assert foreign == []
    assert not re.search(r"\bgroups\[|\bhostvars\b|\binstance_[a-z]+_?[a-z]*\b *[|}]", text)


@pytest.mark.parametrize("role", ROLES)
def test_secrets_are_marked_in_the_specification(role: str) -> None:
    def visit(found: dict[str, dict[str, Any]]) -> None:
        for name, option in found.items():
            if re.search(r"(password|secret_key|secret_key_base|private_key|primary_key|deterministic_key)$", name):
                assert option.get("no_log") is True, f"{role}: {name}"
            visit(option.get("options", {}))

    visit(options(role))


@pytest.mark.parametrize("role", ROLES)
def test_readme_says_what_a_second_run_does(role: str) -> None:
    readme = (ROOT / "roles" / role / "README.md").read_text()
    assert "## Idempotence" in readme
    assert "## What it never does" in readme
