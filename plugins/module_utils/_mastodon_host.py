# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what a host holds of a Mastodon in containers. PRIVATE to the collection: no other code may rely on it.

Pure parsers: text in, plain data out.
"""

from __future__ import annotations

import json
import re
from typing import Any

# Fields of `docker ps`, divided by tabs, which no container name or label of Compose holds.
PS_FORMAT = "\t".join(("{{.Names}}", '{{.Label "com.docker.compose.project"}}', "{{.State}}"))
DPKG_FORMAT = "--showformat=${db:Status-Status}\t${Package}\n"


def json_object(text: str) -> dict[str, Any] | None:
    """Return the object in a JSON text; None for an empty text, ValueError for anything else."""
    if not text.strip():
        return None
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("the text is JSON, but no object")
    return value


def local_domain(env: str) -> str:
    """Return LOCAL_DOMAIN from the text of an env file; a domain stands there without quotes."""
    match = re.search(r"^LOCAL_DOMAIN=(\S*)$", env, re.MULTILINE)
    return match[1] if match else ""


def containers(ps: str, project: str, tools: str) -> dict[str, Any]:
    """Sort what `docker ps --all` shows: names of foreign containers, and the state of our one-shot container."""
    rows = [line.split("\t") for line in ps.splitlines() if line.count("\t") == 2]
    return {
        "foreign": sorted(name for name, owner, _state in rows if owner != project),
        "tools": next((state for name, _owner, state in rows if name == tools), ""),
    }


def engine_package(dpkg_query: str) -> str:
    """Return the package that brought dockerd, from the output of `dpkg-query --search`."""
    for line in dpkg_query.splitlines():
        package, colon, path = line.partition(": ")
        if colon and path.endswith("/dockerd"):
            return package
    return ""


def installed_packages(dpkg_query: str) -> set[str]:
    """Return the packages that are whole, from the output of `dpkg-query --show` in DPKG_FORMAT."""
    rows = (line.partition("\t") for line in dpkg_query.splitlines())
    return {name for status, _tab, name in rows if status == "installed"}


def mount_device(mounts: str, path: str) -> str:
    """Return what is mounted on a path, from the text of /proc/self/mounts or /etc/fstab; empty when nothing is."""
    device = ""
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) > 1 and fields[1] == path and not fields[0].startswith("#"):
            device = fields[0]
    return device
