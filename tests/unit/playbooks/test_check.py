# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probes that check.yml asks for: each makes sense, is used, and says what to do when it is red."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.fediops.mastodon.plugins.module_utils import _probe_run

PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"
FILES = ("check_outside.yml", "check_hosts.yml")


def lists(name: str) -> dict[str, list[dict[str, Any]]]:
    """The lists of probes in a file of variables."""
    variables = yaml.safe_load((PLAYBOOKS / "vars" / name).read_text(encoding="utf-8"))
    return {key: value for key, value in variables.items() if isinstance(value, list)}


@pytest.mark.parametrize("name", FILES)
def test_every_probe_makes_sense(name: str) -> None:
    entries = [entry for each in lists(name).values() for entry in each]
    assert len(entries) > 10
    assert _probe_run.wrong(entries) == []


@pytest.mark.parametrize("name", FILES)
def test_every_list_is_asked_for(name: str) -> None:
    text = (PLAYBOOKS / "vars" / name).read_text(encoding="utf-8")
    for each in lists(name):
        assert text.count(each) >= 2, each


@pytest.mark.parametrize("name", FILES)
def test_every_plain_page_names_a_cure(name: str) -> None:
    pages = [entry for each in lists(name).values() for entry in each if entry["probe"] == "http"]
    assert [entry["name"] for entry in pages if not entry.get("cure")] == []


def test_every_kind_of_probe_is_used() -> None:
    used = {entry["probe"] for name in FILES for each in lists(name).values() for entry in each}
    assert used == set(_probe_run.PROBES)
