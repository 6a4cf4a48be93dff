# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One store for all tests: MinIO, or the Versity gateway when its program is named."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from store_clients import Server, minio, program, s3, versity

MODULES = "ansible_collections.fediops.mastodon.plugins.modules"
Outcome = dict[str, Any]


@pytest.fixture(scope="session")
def client() -> str:
    """Return MinIO's client program."""
    return program("FEDIOPS_MC")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start the store."""
    start = versity if os.environ.get("FEDIOPS_VERSITY") else minio
    with start(tmp_path_factory.mktemp("store")) as started:
        yield started


@pytest.fixture
def name() -> str:
    """Return a name that no other test uses."""
    return f"test-{secrets.token_hex(4)}"


@pytest.fixture
def bucket(server: Server, name: str) -> str:
    """Create a bucket."""
    s3(server).create_bucket(Bucket=name)
    return name


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Run a module with options and return what it says; `check=True` runs it in check mode."""
    warnings: list[str] = []
    # In one process with the tests, Ansible takes itself for the controller and would print them.
    monkeypatch.setattr(AnsibleModule, "warn", lambda _module, text: warnings.append(text))

    def call(name: str, /, *, check: bool = False, **options: Any) -> Outcome:
        capsys.readouterr()
        warnings.clear()
        with (
            patch_module_args({**options, "_ansible_check_mode": check, "_ansible_diff": True}),
            pytest.raises(SystemExit),
        ):
            import_module(f"{MODULES}.{name}").main()
        outcome: Outcome = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
        return {**outcome, "warnings": [*warnings]}

    return call


@pytest.fixture
def four_times(run: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Run a module that has something to do: check, real, check, real. Return the first real outcome."""

    def call(name: str, /, **options: Any) -> Outcome:
        outcomes = [run(name, check=check, **options) for check in (True, False, True, False)]
        assert [outcome.get("failed", False) for outcome in outcomes] == [False] * 4, outcomes
        assert [outcome["changed"] for outcome in outcomes] == [True, True, False, False], outcomes
        assert outcomes[0]["diff"] == outcomes[1]["diff"]
        return outcomes[1]

    return call
