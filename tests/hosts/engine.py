# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Docker engine: the one that the user already runs, else one of our own that disturbs nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.hosts import own_engine
from tests.hosts.layout import Layout
from tests.hosts.progress import HarnessError, lock, run

PROBE_SECONDS = 10


@dataclass(frozen=True)
class Engine:
    """A Docker engine that answers."""

    socket: str
    own: bool

    def command(self, *words: str) -> list[str]:
        """The client's command line for this engine, whatever the environment says."""
        return ["docker", "-H", self.socket, *words]

    def __call__(self, *words: str, data: bytes | None = None, log: Path | None = None) -> str:
        """Run the client; return what it printed."""
        return run(self.command(*words), data=data, log=log).strip()

    def answers(self, *words: str) -> bool:
        """Whether the client's command succeeds; its output is of no interest."""
        return subprocess.run(self.command(*words), capture_output=True, check=False).returncode == 0

    def names(self, kind: str, *filters: str, template: str = "{{.Names}}") -> list[str]:
        """What ``docker <kind> ls`` lists under all the given filters."""
        words = [kind, "ls", *(["--all"] if kind == "container" else []), "--format", template]
        for item in filters:
            words += ["--filter", item]
        return [name for name in self(*words).splitlines() if name]

    @property
    def architecture(self) -> str:
        """The processor of its containers in Go's words: amd64 or arm64."""
        return self("version", "--format", "{{.Server.Arch}}")


def alive(socket: str) -> bool:
    """Whether an engine answers at this address."""
    if shutil.which("docker") is None:
        return False
    command = ["docker", "-H", socket, "version", "--format", "{{.Server.Version}}"]
    try:
        return subprocess.run(command, capture_output=True, timeout=PROBE_SECONDS, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def users_socket() -> str | None:
    """The address that the user's own ``docker`` talks to: DOCKER_HOST, else the current context."""
    if address := os.environ.get("DOCKER_HOST"):
        return address
    if shutil.which("docker") is None:
        return None
    command = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else None


def candidates(own_socket: str, users: str | None, explicit: bool) -> Sequence[str]:
    """Where to look, in order. An engine of ours that runs already is kept, unless DOCKER_HOST names another."""
    if users is None:
        return [own_socket]
    return [users] if explicit else [own_socket, users]


def find(layout: Layout) -> Engine | None:
    """The engine that answers, or nothing; starts nothing."""
    own_socket = own_engine.socket(layout)
    for address in candidates(own_socket, users_socket(), "DOCKER_HOST" in os.environ):
        if alive(address):
            return Engine(address, own=address == own_socket)
    return None


def ensure(layout: Layout) -> Engine:
    """The engine that answers; else our own, installed and started."""
    with lock(layout.cache / "engine.lock"):
        engine = find(layout)
        if engine is None:
            if "DOCKER_HOST" in os.environ:
                raise HarnessError(
                    f"no Docker engine answers at DOCKER_HOST={os.environ['DOCKER_HOST']}",
                    "start that engine, or unset DOCKER_HOST so that another one is looked for",
                )
            own_engine.start(layout)
            engine = Engine(own_engine.socket(layout), own=True)
            if not own_engine.wait(lambda: alive(engine.socket)):
                raise HarnessError(
                    "the Docker engine that was just started does not answer",
                    f"read the end of {own_engine.log_file(layout)}",
                )
        if engine.own:
            own_engine.ensure_uplink(layout)
        require_unified_cgroups(engine)
    return engine


def require_unified_cgroups(engine: Engine) -> None:
    """Debian 13's systemd does not boot in a container on cgroup v1."""
    if engine("info", "--format", "{{.CgroupVersion}}") == "1":
        raise HarnessError(
            f"the Docker engine at {engine.socket} runs on cgroup v1, where the systemd of Debian 13 does not boot",
            "use a machine with cgroup v2; or, as root, stop that engine: the harness then starts one of its own",
        )
