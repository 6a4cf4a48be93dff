# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What build/demo.json and the secret store say about a running instance."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

# Names, not secrets: they stand in links and in logs by design.
PUBLIC = ("s3_access_key", "s3_root_user", "vapid_public_key")


class DemoError(Exception):
    """There is no demo that could be looked at."""


@dataclass(frozen=True)
class Host:
    """A host of the instance."""

    name: str
    container: str
    addresses: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Demo:
    """A running instance, and where a container that is no part of it can look at it from."""

    url: str
    ca: str
    owner: str
    email: str
    engine_socket: str
    network: str
    image: str
    hosts: tuple[Host, ...]
    secrets: dict[str, str]

    @property
    def domain(self) -> str:
        """The name of its web pages."""
        return urlsplit(self.url).hostname or ""

    def inside(self, container: str) -> list[str]:
        """Return the beginning of a command that runs in a container."""
        return ["docker", "-H", self.engine_socket, "exec", "-i", container]

    def outside(self) -> list[str]:
        """Return the beginning of a command that runs in a new container on the instance's network."""
        return ["docker", "-H", self.engine_socket, "run", "--rm", "-i", "--network", self.network, self.image]

    def first(self, group: str) -> Host:
        """Return the first host of a group."""
        for host in self.hosts:
            if group in host.groups:
                return host
        raise DemoError(f"no host is in group {group}")


def load(path: Path) -> Demo:
    """Read the description and the files that it names."""
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Demo(
            url=data["url"],
            ca=Path(data["ca_file"]).read_text(encoding="utf-8"),
            owner=data["owner"],
            email=data["owner_email"],
            engine_socket=_socket(data["engine_socket"]),
            network=data["network"],
            image=data["outside_image"],
            hosts=tuple(
                Host(name, each["container"], tuple(each["addresses"]), tuple(each["groups"]))
                for name, each in data["hosts"].items()
            ),
            secrets=secrets(Path(data["password_file"])),
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise DemoError(f"{path} does not describe a running demo ({error!r}); make demo writes it") from error


def _socket(text: str) -> str:
    return text if "://" in text else f"unix://{text}"


def secrets(path: Path) -> dict[str, str]:
    """Read the secret store."""
    text = path.read_text(encoding="utf-8")
    if text.startswith("$ANSIBLE_VAULT"):
        raise DemoError(f"{path} is encrypted; this program reads plain stores only")
    found = yaml.safe_load(text)
    if not isinstance(found, dict) or not found:
        raise DemoError(f"{path} is not a secret store")
    return {str(name): str(value) for name, value in found.items()}


def secret_values(store: dict[str, str]) -> dict[str, str]:
    """Return what nobody may ever read in a log."""
    return {name: value for name, value in store.items() if name not in PUBLIC}
