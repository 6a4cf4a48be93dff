# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run mmdebstrap, on the machine or in a container, and let the engine import the system that it writes."""

from __future__ import annotations

import io
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.hosts import own_engine
from tests.hosts.engine import Engine
from tests.hosts.layout import Layout
from tests.hosts.progress import HarnessError, show_end, step

BUILDER = "debian:trixie"  # only where mmdebstrap cannot run on the machine itself

# Both unpack the recipe, a tar archive on standard input, into the folder $RECIPE and run the command that is given.
ON_MACHINE = """
set -eu
RECIPE="$(mktemp -d)"
export RECIPE
trap 'rm -rf "$RECIPE"' EXIT
tar -C "$RECIPE" -x
"$@"
"""
IN_CONTAINER = """
set -eu
export RECIPE=/recipe
mkdir "$RECIPE"
tar -C "$RECIPE" -x
apt-get -q update >&2
apt-get -q -y install --no-install-recommends mmdebstrap >&2
exec "$@"
"""
RIGHTS = ("--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined")


@dataclass(frozen=True)
class Build:
    """One system to be made: a command that writes it as a tar archive to standard output, and what it needs."""

    tag: str
    command: Sequence[str]
    archive: bytes = b"\0" * 1024  # an archive of nothing
    changes: Sequence[str] = ()


def runs_here(engine: Engine) -> bool:
    """On Debian as root mmdebstrap needs nothing else; elsewhere it runs in a container."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine())
    return os.geteuid() == 0 and _is_debian() and machine == engine.architecture


def prepare(engine: Engine) -> None:
    """Install mmdebstrap where it is going to run on the machine."""
    if runs_here(engine):
        own_engine.install({"mmdebstrap": "mmdebstrap"})


def _is_debian(release: Path = Path("/etc/os-release")) -> bool:
    # Debian itself, not a relative: only it is sure to know the signing keys of the newest Debian.
    return release.is_file() and "ID=debian" in release.read_text(encoding="utf-8").split()


def make(engine: Engine, layout: Layout, build: Build) -> None:
    """Make one image: the engine imports the archive while mmdebstrap writes it."""
    here = runs_here(engine)
    title = build.tag.rsplit(":", 1)[0] + ("" if here else ", in a container")
    log = layout.logs / f"{build.tag.replace('/', '-').replace(':', '-')}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with step(f"Build the image {title}"), log.open("wb") as errors:
        builder = _start(engine, build, here, errors)
        assert builder.stdout is not None
        changes = [word for change in build.changes for word in ("--change", change)]
        importer = subprocess.run(
            engine.command("import", *changes, "-", build.tag), stdin=builder.stdout, capture_output=True, check=False
        )
        builder.stdout.close()  # else a builder whose reader gave up would wait for ever
        if builder.wait() or importer.returncode:
            engine.answers("image", "rm", build.tag)  # half a system imports without complaint
            show_end(log)
            said = importer.stderr.decode(errors="replace").strip()
            raise HarnessError(
                f"the image {build.tag} could not be built {said}",
                f"read the end of {log}; does Debian's mirror answer?",
            )


def _start(engine: Engine, build: Build, here: bool, errors: io.BufferedWriter) -> subprocess.Popen[bytes]:
    if here:
        command = ["sh", "-c", ON_MACHINE, "build", *build.command]
    else:
        container = engine.command("run", "--rm", "--interactive", *RIGHTS, BUILDER)
        command = [*container, "sh", "-c", IN_CONTAINER, "build", *build.command]
    builder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
    assert builder.stdin is not None
    with builder.stdin:
        builder.stdin.write(build.archive)
    return builder
