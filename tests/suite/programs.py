# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of the test hosts, unpacked for tests that run beside them on this machine."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

from tests.hosts import extras, pins, releases
from tests.hosts.layout import here
from tests.suite.steps import BUILD


def unpack(prefix: str) -> Path:
    """Unpack the release behind a role's three variables (`minio_server`, `minio_client`); the path of the program."""
    offer = json.loads((here().build / "depot.json").read_text())["variables"]
    return _extract(Path(offer[f"{prefix}_url"]).name, str(offer[f"{prefix}_member"]))


def compiled(name: str) -> Path:
    """Unpack a program that only tests need; it is compiled once for all checkouts."""
    architecture = next(name for name, machine in pins.PROCESSORS.items() if machine == os.uname().machine)
    release = extras.made(here(), name, architecture)
    return _extract(release.file, release.member)


def _extract(file: str, member: str) -> Path:
    archive = releases.folder(here()) / file
    target = BUILD / "programs" / archive.name.removesuffix(".tar.gz") / member
    # Read, not extracted: Debian 12's Python has no filters for that yet.
    with tarfile.open(archive) as files:
        program = files.extractfile(member)
        if program is None:
            raise SystemExit(f"{archive} holds no file {member}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(program.read())
    target.chmod(0o755)
    return target
