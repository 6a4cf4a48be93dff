# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test bed: PostgreSQL and Redis in one container, and beside it throw-away containers of the images under test."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.standin.debian import DebianImage
from tests.standin.engine import Engine

SERVICES = DebianImage("fediops-contract/services", ("ca-certificates", "curl", "postgresql", "redis-server"))
DOMAIN = "mastodon.localhost"
UID = "1991"
# A real Mastodon takes its time to boot on a small machine.
PATIENCE = 120.0
TIMED_OUT = 124  # what coreutils' timeout exits with

# What the roles give the containers.
HARDENED = (
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    f"--user={UID}:{UID}",
    "--tmpfs=/tmp:mode=1777",
)
OWN_TMP = f"--tmpfs=/opt/mastodon/tmp:uid={UID},gid={UID},mode=0700"

ENVIRONMENT = {
    "LOCAL_DOMAIN": DOMAIN,
    "SECRET_KEY_BASE": "0123456789abcdef" * 8,
    "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY": "contractContractContractContract",
    "ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY": "deterministicContractDeterminist",
    "ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT": "saltOfTheContractSaltOfTheContra",
    "DB_HOST": "services",
    "DB_USER": "mastodon",
    "DB_PASS": "contract",
    "REDIS_HOST": "services",
    "REDIS_USER": "mastodon",
    "REDIS_PASSWORD": "contract",
    "WEB_CONCURRENCY": "1",
}

Result = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Answer:
    """What an HTTP server said."""

    status: int
    headers: dict[str, str]
    body: str


def wait_for(condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait until the condition holds; say what did not come about."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.3)


class Bed:
    """Everything is named after this process and removed by close()."""

    def __init__(self, engine: Engine, image: str, streaming_image: str, minio: Path | None) -> None:
        self.engine, self.image, self.streaming_image = engine, image, streaming_image
        self.name = f"fediops-contract-{os.getpid()}"
        self.containers: list[str] = []
        # Internal: no packet of a test leaves the machine.
        engine.run("network", "create", "--internal", self.name)
        try:
            self.services = self._start_services(minio)
        except BaseException:
            self.close()
            raise

    def _start_services(self, minio: Path | None) -> str:
        # As an argument and by copy, not as mounts: the engine may be another machine's.
        script = Path(__file__).with_name("services.sh").read_text()
        image = SERVICES.ensure(self.engine)
        services = self._keep("create", "--init", *self._place("services"), image, "bash", "-c", script)
        if minio:
            self.engine.run("cp", str(minio), f"{services}:/usr/local/bin/minio")
        self.engine.run("start", services)
        ready = ("exec", services, "test", "-e", "/run/contract-ready")
        wait_for(lambda: self.engine.call(*ready).returncode == 0, "PostgreSQL and Redis", 60)
        return services

    def close(self) -> None:
        """Remove all that this bed made."""
        self.engine.call("rm", "--force", "--volumes", *self.containers)
        self.engine.call("network", "rm", self.name)

    def _place(self, alias: str) -> list[str]:
        # The domain of the owner's address must resolve to something.
        return [f"--network={self.name}", f"--network-alias={alias}", f"--network-alias={DOMAIN}"]

    def _keep(self, verb: str, *arguments: str) -> str:
        container = self.engine.run(verb, f"--name={self.name}-{len(self.containers)}", *arguments)
        self.containers.append(container)
        return container

    @staticmethod
    def _environment(changes: Mapping[str, str | None]) -> list[str]:
        merged = {**ENVIRONMENT, **changes}
        return [f"--env={name}={value}" for name, value in merged.items() if value is not None]

    def once(
        self,
        *command: str,
        image: str = "",
        change: Mapping[str, str | None] | None = None,
        stdin: str = "",
        options: tuple[str, ...] = (),
    ) -> Result:
        """Run a command of the web image to its end."""
        end = ("timeout", f"{PATIENCE:.0f}")
        place = ("--rm", "--interactive", f"--network={self.name}")
        environment = self._environment(change or {})
        result = self.engine.call(
            "run", *place, *options, *environment, image or self.image, *end, *command, stdin=stdin
        )
        assert result.returncode != TIMED_OUT, f"{command} goes on and on:\n{result.stderr}"
        return result

    def runner(self, ruby: str, change: Mapping[str, str | None] | None = None, stdin: str = "") -> str:
        """Evaluate Ruby in the application and return what it printed."""
        result = self.once("bin/rails", "runner", ruby, change=change, stdin=stdin)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def start(
        self, alias: str, *command: str, image: str = "", change: Mapping[str, str | None] | None = None,
        options: tuple[str, ...] = (),
    ) -> str:  # fmt: skip
        """Start a container that goes on running."""
        place = [f"--network={self.name}", f"--network-alias={alias}"]
        environment = self._environment(change or {})
        return self._keep("run", "--detach", *place, *options, *environment, image or self.image, *command)

    def web(
        self,
        alias: str,
        image: str = "",
        change: Mapping[str, str | None] | None = None,
        options: tuple[str, ...] = (),
    ) -> str:
        """Start a web process and wait until it answers."""
        command = ("bundle", "exec", "puma", "-C", "config/puma.rb")
        container = self.start(alias, *command, image=image, change=change, options=options)
        self.wait_until_healthy(container, f"http://{alias}:3000/health")
        return container

    def sidekiq(
        self, *arguments: str, change: Mapping[str, str | None] | None = None, options: tuple[str, ...] = ()
    ) -> str:
        """Start a Sidekiq process and wait for its ready file."""
        container = self.start("sidekiq", "bundle", "exec", "sidekiq", *arguments, change=change, options=options)
        wait_for(lambda: self.is_ready(container), "Sidekiq's ready file")
        return container

    def streaming(
        self, alias: str, change: Mapping[str, str | None] | None = None, options: tuple[str, ...] = ()
    ) -> str:
        """Start a streaming server and wait until it answers."""
        container = self.start(alias, image=self.streaming_image, change=change, options=options)
        self.wait_until_healthy(container, f"http://{alias}:4000/api/v1/streaming/health")
        return container

    def wait_until_healthy(self, container: str, url: str) -> None:
        """Wait for the answer OK; a container that has ended will not give it any more."""
        probe = ("exec", self.services, "curl", "--silent", "--max-time", "5", url)

        def answers() -> bool:
            assert self.state(container)["Running"], self.logs(container)
            return self.engine.call(*probe).stdout == "OK"

        wait_for(answers, url)

    def is_ready(self, container: str) -> bool:
        """Whether Sidekiq's ready file is there."""
        assert self.state(container)["Running"], self.logs(container)
        probe = ("exec", container, "sh", "-c", 'test -e "tmp/$MASTODON_SIDEKIQ_READY_FILENAME"')
        return self.engine.call(*probe).returncode == 0

    def state(self, container: str) -> dict[str, object]:
        """Return the engine's view of a container."""
        state: dict[str, object] = json.loads(self.engine.run("inspect", "--format={{json .State}}", container))
        return state

    def logs(self, container: str) -> str:
        """Return all that a container has written."""
        result = self.engine.call("logs", container)
        return result.stdout + result.stderr

    def wait_for_output(self, container: str, text: str) -> None:
        """Wait until a container has written this."""
        wait_for(lambda: text in self.logs(container), text)

    def stop(self, container: str) -> object:
        """Send TERM, wait for the end and return the exit code."""
        self.engine.run("stop", "--time=60", container)
        return self.state(container)["ExitCode"]

    def get(self, url: str, *headers: str, options: tuple[str, ...] = ()) -> Answer:
        """Ask over HTTP as the proxy would: the instance's Host, https, unless the headers given say otherwise."""
        arguments = [argument for header in (*headers, "Expect:") for argument in ("--header", header)]
        text = self.engine.run(
            "exec", self.services, "curl", "--silent", "--show-error", "--include", "--http1.1", "--max-time", "20",
            *arguments, *options, url,
        )  # fmt: skip
        head, _, body = text.replace("\r\n", "\n").partition("\n\n")
        status, *lines = head.splitlines()
        fields = (line.split(": ", 1) for line in lines if ": " in line)
        return Answer(int(status.split()[1]), {name.lower(): value for name, value in fields}, body)

    def page(self, path: str, *headers: str, alias: str = "web", options: tuple[str, ...] = ()) -> Answer:
        """Ask the web process as the proxy does."""
        proxy = (f"Host: {DOMAIN}", "X-Forwarded-Proto: https")
        return self.get(f"http://{alias}:3000{path}", *proxy, *headers, options=options)

    def sql(self, statement: str, database: str = "mastodon_production") -> str:
        """Ask PostgreSQL as its superuser."""
        return self.engine.run(
            "exec", self.services, "psql", "--username=postgres", "--no-align", "--tuples-only", "--quiet",
            f"--dbname={database}", f"--command={statement}",
        )  # fmt: skip

    def new_database(self, name: str) -> dict[str, str | None]:
        """Make an empty database that belongs to the application, and return the variable that selects it."""
        self.sql(f"CREATE DATABASE {name} OWNER mastodon", "postgres")
        return {"DB_NAME": name}

    def redis(self, *command: str, database: int = 0) -> str:
        """Ask Redis as the application's user."""
        return self.engine.run(
            "exec", "--env=REDISCLI_AUTH=contract", self.services,
            "redis-cli", "--user", "mastodon", "--no-auth-warning", "-n", str(database), *command,
        )  # fmt: skip
