# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and places: where everything of this checkout and of the machine-wide cache lives.

Two folders hold state. ``build/`` in the checkout holds what belongs to it alone (keys, CA, inventories). The cache in
the user's home holds what is dear to make and the same for all checkouts (an engine of our own, compiled releases).
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from tests.hosts.progress import HarnessError

PROJECT = "fediops-mastodon"
LABEL_PROJECT = "fediops.project"
LABEL_CHECKOUT = "fediops.checkout"
LABEL_BED = "fediops.bed"
LABEL_HOST = "fediops.host"
LABEL_GROUPS = "fediops.groups"
LABEL_SUITE = "fediops.suite"
LABEL_RECIPE = "fediops.recipe"

NAME = re.compile(r"[a-z]([a-z0-9_-]{0,29}[a-z0-9])?")


def short_hash(text: str, length: int = 8) -> str:
    """A short, stable name for a long text."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def cache_home() -> Path:
    """The folder that all checkouts of one user share."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / PROJECT


@dataclass(frozen=True)
class Layout:
    """All paths and names that depend on the checkout and on the user's cache."""

    root: Path
    cache: Path

    @property
    def checkout(self) -> str:
        """Short name of this checkout: two checkouts on one machine never share a container."""
        return short_hash(str(self.root))

    @property
    def build(self) -> Path:
        """What this checkout makes for its hosts: keys, CA, inventories."""
        return self.root / "build" / "hosts"

    @property
    def logs(self) -> Path:
        """What long steps said."""
        return self.build / "logs"

    @property
    def depot(self) -> str:
        """Name of the depot's container, one for all test beds of this checkout."""
        return f"fediops-{self.checkout}-depot"

    def network(self, bed: str) -> str:
        """Name of a test bed's internal network."""
        return f"fediops-{self.checkout}-{bed}"

    @property
    def runtime(self) -> Path:
        """Sockets and pid files of our own engine. In /run, as a unix socket's path ends at 107 bytes."""
        return Path("/run") / f"{PROJECT}-{short_hash(str(self.cache))}"

    @property
    def control(self) -> Path:
        """Folder of ssh's control sockets; Ansible's own place, because it is short and only ours to read."""
        return Path.home() / ".ansible" / "cp"

    def container(self, bed: str, host: str) -> str:
        """Name of the container that plays a host."""
        return f"fediops-{self.checkout}-{bed}-{host}"

    def control_socket(self, bed: str, host: str) -> Path:
        """Where ssh keeps its shared connection to a host."""
        return self.control / short_hash(f"{self.root} {bed} {host}", 16)

    def bed(self, bed: str) -> Path:
        """Folder of a test bed: a set of hosts that one inventory describes."""
        return self.build / "beds" / bed

    def inventory(self, bed: str) -> Path:
        """The inventory of a test bed."""
        return self.bed(bed) / "hosts.yml"

    def prepare(self) -> None:
        """Make the folders, and note that this checkout uses the shared cache."""
        for folder in (self.build, self.cache, self.cache / "checkouts"):
            folder.mkdir(parents=True, exist_ok=True)
        self.build.chmod(0o700)
        (self.cache / "checkouts" / self.checkout).write_text(f"{self.root}\n", encoding="utf-8")


def here() -> Layout:
    """The layout of the checkout that this file is part of."""
    return Layout(root=Path(__file__).resolve().parents[2], cache=cache_home())


def check_name(name: str) -> str:
    """Refuse names that cannot be part of a container's name and of a path."""
    if not NAME.fullmatch(name):
        raise HarnessError(
            f"{name!r} cannot be the name of a host or of a test bed",
            "use 1 to 31 lower case letters, digits, dashes and underscores, starting with a letter",
        )
    return name
