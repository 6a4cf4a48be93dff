# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles install by default: the test bed offers exactly that where it can."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.hosts.layout import Layout
from tests.hosts.progress import run, step

PLAYBOOK = Path(__file__).with_name("pins.yml")
ROLES = ("minio", "caddy", "mastodon")
PROCESSORS = {"amd64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True)
class Pin:
    """One program that a role downloads: the three variables that say so."""

    url: str
    checksum: str
    member: str


@dataclass(frozen=True)
class Pins:
    """All defaults that matter here."""

    programs: Mapping[str, Pin]
    mastodon_version: str
    mastodon_image: str
    streaming_image: str


def sources(layout: Layout) -> list[Path]:
    """The files that decide."""
    folders = [layout.root / "roles" / role / part for role in ROLES for part in ("defaults", "vars")]
    return [PLAYBOOK, *(path for folder in folders for path in sorted(folder.glob("main.yml")))]


def read(layout: Layout, architecture: str) -> Pins:
    """The roles' defaults; Ansible is asked again only when one of the files changed."""
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources(layout))).hexdigest()[:12]
    file = layout.build / "pins" / f"{architecture}-{digest}.json"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with step("Read the roles' default releases", always=False):
            _ask_ansible(layout, architecture, file)
    return parse(json.loads(file.read_text(encoding="utf-8")))


def _ask_ansible(layout: Layout, architecture: str, file: Path) -> None:
    extra = {"roles": str(layout.root / "roles"), "processor": PROCESSORS[architecture], "destination": str(file)}
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", str(PLAYBOOK)]
    run([*command, "-e", json.dumps(extra)], environment={**os.environ, "ANSIBLE_PYTHON_INTERPRETER": sys.executable})


def parse(values: Mapping[str, Mapping[str, Any]]) -> Pins:
    """The playbook's answer as an object."""
    mastodon = values["mastodon"]
    return Pins(
        programs={name: Pin(**value) for name, value in values.items() if name != "mastodon"},
        mastodon_version=str(mastodon["version"]),
        mastodon_image=mastodon["image"],
        streaming_image=mastodon["streaming_image"],
    )
