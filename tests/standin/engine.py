# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The little of the Docker client that building and probing images needs."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager


class EngineError(Exception):
    """A command failed; the text holds what it said."""


class Engine:
    """One Docker engine, by its address, or the client's own default."""

    def __init__(self, host: str | None = None) -> None:
        self.host = host
        # A builder other than the engine's own would not see the images that this engine holds.
        self.environment = {**os.environ, "BUILDX_BUILDER": "default"}
        if host:
            self.environment["DOCKER_HOST"] = host

    def check(self) -> None:
        """Fail early, and in the engine's own words, when no engine answers."""
        self.run("version", "--format={{.Server.Version}}")

    def call(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run ``docker`` with these arguments, whatever comes of it."""
        return subprocess.run(
            ["docker", *arguments], input=stdin, env=self.environment, capture_output=True, text=True, check=False
        )

    def run(self, *arguments: str, stdin: str = "") -> str:
        """Run ``docker`` with these arguments and return what it printed."""
        result = self.call(*arguments, stdin=stdin)
        if result.returncode != 0:
            raise EngineError(f"docker {' '.join(arguments)}\n{result.stdout}{result.stderr}")
        return result.stdout.strip()

    def has_image(self, tag: str) -> bool:
        """Whether the engine holds an image of this name."""
        return self.call("image", "inspect", tag).returncode == 0


@contextmanager
def stage(what: str) -> Iterator[None]:
    """Say what begins, and how long it took."""
    print(f"{what} ...", flush=True)
    start = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - start:.0f} s", flush=True)
