# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that no role installs by itself but some scenario needs: compiled once, served by the depot on demand."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from tests.hosts import pins, releases, standins
from tests.hosts.engine import Engine
from tests.hosts.layout import Layout
from tests.hosts.progress import HarnessError, lock, run, step

PEBBLE = ("github.com/letsencrypt/pebble/v2", "v2.10.1")
VERSITY = ("github.com/versity/versitygw", "v1.8.0")
CADDY_SOURCE = Path(__file__).with_name("caddy_dns") / "main.go"
CADDY_LIBRARIES = ("github.com/libdns/libdns@v1.1.1", "github.com/miekg/dns@v1.1.73")


def ensure(engine: Engine, layout: Layout, name: str) -> releases.Release:
    """The program as an archive on the depot's file server, from where a role can download it."""
    release = made(layout, name, engine.architecture)
    engine("cp", str(releases.folder(layout) / release.file), f"{layout.depot}:/srv/releases/{release.file}")
    return release


def made(layout: Layout, name: str, architecture: str) -> releases.Release:
    """The program as an archive in the cache of all checkouts."""
    if name not in PROGRAMS:
        raise HarnessError(f"there is no program {name!r}", f"use one of {', '.join(PROGRAMS)}")
    version, make = PROGRAMS[name](layout, architecture)
    file = f"{name}-{version}_linux_{architecture}.tar.gz"
    note = releases.folder(layout) / f"{file}.json"
    with lock(layout.cache / "releases.lock"):
        if not note.exists():
            with tempfile.TemporaryDirectory(dir=layout.cache) as scratch, step(f"Compile {name} {version}, once"):
                program = make(Path(scratch))
                checksum = releases.pack(program, program.name, releases.folder(layout) / file)
            release = releases.Release(file, f"sha256:{checksum}", program.name, f"{name} {version}")
            note.write_text(json.dumps(asdict(release)), encoding="utf-8")
    return releases.Release(**json.loads(note.read_text(encoding="utf-8")))


Maker = Callable[[Path], Path]
Source = Callable[[Layout, str], tuple[str, Maker]]


def _command(module: str, version: str, name: str) -> Source:
    """A command of a module, compiled inside that module, where its libraries are pinned."""

    def source(layout: Layout, architecture: str) -> tuple[str, Maker]:
        def make(scratch: Path) -> Path:
            go = standins.find_go(scratch)
            told = run([go, "mod", "download", "-json", f"{module}@{version}"], folder=scratch)
            _compile(layout, go, architecture, Path(json.loads(told)["Dir"]), f"./cmd/{name}", scratch / name)
            return scratch / name

        return version, make

    return source


def _caddy_dns(layout: Layout, architecture: str) -> tuple[str, Maker]:
    """The role's own release of Caddy with a DNS provider more, as its users build it."""
    found = standins.CADDY_VERSION.search(pins.read(layout, architecture).programs["caddy"].url)
    if found is None:
        raise HarnessError("the caddy role's default URL names no version", "let it end in /vX.Y.Z/FILE")
    source = CADDY_SOURCE.read_bytes()

    def make(scratch: Path) -> Path:
        go = standins.find_go(scratch)
        folder = scratch / "source"
        folder.mkdir()
        (folder / "main.go").write_bytes(source)
        wanted = [f"github.com/caddyserver/caddy/v2@v{found[1]}", *CADDY_LIBRARIES]
        run([go, "mod", "init", "fediops.test/caddy"], folder=folder)
        run([go, "mod", "edit", *(f"-require={module}" for module in wanted)], folder=folder)
        run([go, "mod", "tidy"], folder=folder, cure="does the Go module proxy answer on this machine?")
        _compile(layout, go, architecture, folder, ".", scratch / "caddy")
        return scratch / "caddy"

    return f"{found[1]}-{hashlib.sha256(source).hexdigest()[:8]}", make


def _compile(layout: Layout, go: str, architecture: str, folder: Path, package: str, target: Path) -> None:
    run(
        [go, "build", "-trimpath", "-ldflags", "-s -w", "-o", str(target), package],
        environment=standins.go_environment(architecture),
        folder=folder,
        log=layout.logs / f"go-build-{target.name}.log",
        cure="read that log; does the Go module proxy answer on this machine?",
    )


PROGRAMS: dict[str, Source] = {
    "caddy_dns": _caddy_dns,
    # Let's Encrypt's own small ACME server.
    "pebble": _command(*PEBBLE, "pebble"),
    # An S3 server that shares no code with MinIO.
    "versitygw": _command(*VERSITY, "versitygw"),
}
