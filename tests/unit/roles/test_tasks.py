# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for the tasks of every role: secrets stay hidden, and what a daemon reads is told to the daemon."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent))
from rendering import ROLES, render

NAMES = sorted(path.name for path in ROLES.iterdir() if path.is_dir())
FACTS = {"architecture": "x86_64", "distribution_major_version": "13", "memtotal_mb": 4096, "processor_vcpus": 2}
SENTINEL = "sentinel-of-a-secret"
# Where only sensible values will do.
SENSIBLE = {
    "caddy_acme_dns": {"provider": "cloudflare", "options": {"api_token": SENTINEL}},
    "caddy_sites": [],
    "nginx_media_server_names": ["media.example.org"],
    "nginx_media_origins": [{"name": "store", "url": "http://10.0.0.5:9000"}],
}
# A file that these roles' services read when they start, and which Compose compares by itself.
COMPARED_BY_COMPOSE = {("mastodon", name) for name in ("common.env.j2", "app.env.j2", "compose.yml.j2")}
# Read by programs that run once: the package that makes a cluster, and systemd-tmpfiles in a task of its own.
READ_ONCE = {("postgres", "createcluster.conf.j2"), ("mastodon", "tmpfiles.conf.j2")}


def flat(tasks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Go through all tasks, those in blocks too."""
    for task in tasks:
        yield task
        for part in ("block", "rescue", "always"):
            yield from flat(task.get(part, []))


def tasks(role: str) -> list[dict[str, Any]]:
    """Return all tasks of a role."""
    found: list[dict[str, Any]] = []
    for path in sorted((ROLES / role / "tasks").glob("*.yml")):
        found += flat(yaml.safe_load(path.read_text()))
    assert found
    return found


def templates(role: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the tasks that write a template, each with its arguments."""
    key = "ansible.builtin.template"
    return [(task, task[key]) for task in tasks(role) if key in task]


def options(role: str) -> dict[str, dict[str, Any]]:
    """Return the options of a role's main entry point."""
    text = (ROLES / role / "meta" / "argument_specs.yml").read_text()
    found: dict[str, dict[str, Any]] = yaml.safe_load(text)["argument_specs"]["main"]["options"]
    return found


def filled(option: dict[str, Any], key: str) -> Any:
    """Return a value for an option; one that must not be logged gets the sentinel."""
    if option.get("no_log"):
        return SENTINEL
    if "options" in option:
        one = {name: filled(inner, name) for name, inner in option["options"].items() if inner.get("required")}
        return [one] if option["type"] == "list" else one
    return {"list": [], "dict": {}, "int": 1, "bool": True}.get(option["type"], f"a-{key.replace('_', '-')}")


def is_secret(option: dict[str, Any]) -> bool:
    """Tell whether an option, or one inside it, must not be logged."""
    return bool(option.get("no_log")) or any(is_secret(inner) for inner in option.get("options", {}).values())


def everything(role: str) -> dict[str, Any]:
    """Return values for what a role requires and for all that is secret."""
    specified = options(role)
    wanted = {name: option for name, option in specified.items() if option.get("required") or is_secret(option)}
    return {name: SENSIBLE[name] if name in SENSIBLE else filled(option, name) for name, option in wanted.items()}


def shows_a_secret(role: str, template: str) -> bool:
    """Render a template and look for the secret, or its hash."""
    text = render(role, template, {"ansible_facts": FACTS, "__minio_owners": [], **everything(role)})
    return SENTINEL in text or sha256(SENTINEL.encode()).hexdigest() in text


SECRET_FILES = {
    ("caddy", "acme-dns.env.j2"),
    ("mastodon", "app.env.j2"),
    ("mastodon", "common.env.j2"),
    ("minio", "minio.env.j2"),
    ("nginx_media", "gone.json.j2"),
    ("redis", "users.acl.j2"),
}


@pytest.mark.parametrize("role", NAMES)
def test_files_with_secrets_are_known(role: str) -> None:
    found = {(role, args["src"]) for _task, args in templates(role) if shows_a_secret(role, args["src"])}
    assert found == {pair for pair in SECRET_FILES if pair[0] == role}


@pytest.mark.parametrize(("role", "template"), sorted(SECRET_FILES))
def test_a_file_with_secrets_is_closed_and_shown_to_nobody(role: str, template: str) -> None:
    (task, args), *more = [found for found in templates(role) if found[1]["src"] == template]
    assert not more
    assert args["mode"] in ("0600", "0640")
    assert args["owner"] == "root"
    assert task["no_log"] == f"{{{{ {role}_no_log }}}}"
    assert task["diff"] in (False, f"{{{{ not {role}_no_log }}}}")


@pytest.mark.parametrize("role", NAMES)
def test_tasks_that_hand_over_or_read_a_password_are_silent(role: str) -> None:
    for task in tasks(role):
        # The collection's own modules mask their secrets by themselves.
        calls = {key: value for key, value in task.items() if key.count(".") == 2 and not key.startswith("fediops.")}
        text = yaml.safe_dump(calls)
        if re.search(r"\b(password|stdin): |pg_authid", text):
            assert f"{role}_no_log" in str(task.get("no_log", "")), task["name"]


@pytest.mark.parametrize("role", NAMES)
def test_a_changed_file_reaches_its_daemon(role: str) -> None:
    handlers = {task["name"] for task in yaml.safe_load((ROLES / role / "handlers" / "main.yml").read_text())}
    for task, args in templates(role):
        if (role, args["src"]) in COMPARED_BY_COMPOSE | READ_ONCE:
            assert "notify" not in task, task["name"]
        else:
            assert task.get("notify") in handlers, task["name"]


@pytest.mark.parametrize("role", NAMES)
def test_every_download_is_compared_with_its_sum(role: str) -> None:
    for task in tasks(role):
        for module in ("ansible.builtin.get_url", "ansible.builtin.uri"):
            if "dest" in task.get(module, {}):
                assert module.endswith("get_url"), f"{task['name']}: uri knows no sums"
                assert "checksum" in task[module].get("checksum", ""), task["name"]


def test_what_a_policy_promises_is_tried_by_a_stranger() -> None:
    policies = [task for role in NAMES for task in tasks(role) if "fediops.mastodon.bucket_policy" in task]
    assert [task["fediops.mastodon.bucket_policy"]["verify"] for task in policies] == [True]


@pytest.mark.parametrize("role", NAMES)
def test_tools_of_the_app_hide_what_they_are_given(role: str) -> None:
    for task in tasks(role):
        if task.get("ansible.builtin.include_tasks") == "tools.yml":
            words = " ".join(map(str, task["vars"]["__mastodon_tools_argv"]))
            if "__mastodon_tools_stdin" in task["vars"] or "accounts, create" in words or "create" in words:
                assert task["vars"]["__mastodon_tools_secret"] is True, task["name"]
