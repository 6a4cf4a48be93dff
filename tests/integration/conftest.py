# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real store for the S3 modules, on the loopback interface and gone afterwards."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

MODULES = "ansible_collections.fediops.mastodon.plugins.modules"


def program(variable: str) -> str:
    """Return the path in an environment variable; without it these tests prove nothing, so they fail."""
    path = os.environ.get(variable, "")
    if not (path and os.access(path, os.X_OK)):
        pytest.fail(f"set {variable} to the path of the program; it is {path or 'not set'}")
    return path


@dataclass(frozen=True)
class Server:
    """A running MinIO."""

    url: str
    user: str
    password: str

    @property
    def connection(self) -> dict[str, Any]:
        """Connection options of the S3 modules."""
        return {"endpoint_url": self.url, "access_key": self.user, "secret_key": self.password}


@pytest.fixture(scope="session")
def client() -> str:
    """Return the client program."""
    return program("FEDIOPS_MC")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start a MinIO on a free port with an empty directory."""
    binary = program("FEDIOPS_MINIO")
    home = tmp_path_factory.mktemp("minio")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    started = Server(f"http://{address}", "root-of-the-store", secrets.token_hex(16))
    settings = {
        "MINIO_ROOT_USER": started.user,
        "MINIO_ROOT_PASSWORD": started.password,
        "MINIO_BROWSER": "off",
        "MINIO_UPDATE": "off",
        "HOME": str(home),
        "PATH": os.environ["PATH"],
    }
    log = home / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [binary, "server", "--address", address, str(home / "data")],
            env=settings,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(f"{started.url}/minio/health/ready", process, log)
        yield started
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server is ready, or show why it is not."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"the server did not come up:\n{log.read_text()}")


Outcome = dict[str, Any]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run a module with options and return what it says; `check=True` runs it in check mode."""

    def call(name: str, /, *, check: bool = False, **options: Any) -> Outcome:
        capsys.readouterr()
        with (
            patch_module_args({**options, "_ansible_check_mode": check, "_ansible_diff": True}),
            pytest.raises(SystemExit),
        ):
            import_module(f"{MODULES}.{name}").main()
        outcome: Outcome = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
        return outcome

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
