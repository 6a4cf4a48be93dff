#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: preflight_info
short_description: Look at a host before anything is changed on it
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Reads in one go what M(fediops.mastodon.preflight) needs to know about a host.
  - Reads a handful of files and starts no other program.
    It needs root to see who listens on a port and whose containers there are.
attributes:
  check_mode:
    support: full
    description: Works the same in check mode.
  diff_mode:
    support: none
    description: Returns details on what has changed in diff mode.
    details: It never changes anything.
  idempotent:
    support: full
    description: A second run gives the same result as long as the host stays as it is.
  platform:
    support: full
    platforms: posix
    description: Linux only.
options:
  ports:
    description: TCP ports for which to name the listening program.
    type: list
    elements: int
    default: [80, 443]
  controller_time:
    description:
      - The controller's time in seconds since 1970, taken when the task starts.
        RV(probe.clock_skew) is measured against it.
      - The time it takes to connect counts as skew, so some seconds are normal.
    type: float
seealso:
  - module: fediops.mastodon.preflight
"""

EXAMPLES = r"""
- name: Look at the host
  fediops.mastodon.preflight_info:
    controller_time: "{{ now(utc=true).timestamp() }}"
  register: preflight_probe
"""

RETURN = r"""
probe:
  description: What the host looks like. Not a fact, so that no fact cache keeps it.
  returned: success
  type: dict
  contains:
    os:
      description: The operating system, from C(/etc/os-release).
      type: dict
      sample: {"id": "debian", "version": "13"}
    addresses:
      description: All addresses of the host, IPv4 and IPv6.
      type: list
      elements: str
      sample: ["127.0.0.1", "192.0.2.10", "::1"]
    users:
      description: Names of the host's users by uid.
      type: dict
      sample: {"0": "root"}
    groups:
      description: Names of the host's groups by gid.
      type: dict
      sample: {"0": "root"}
    postgres_majors:
      description: Major versions of the PostgreSQL clusters that exist.
      type: list
      elements: int
      sample: [17]
    disks:
      description: Size and free space in MiB of the file systems of V(/), V(/var) and V(/var/lib).
      type: dict
      sample: {"/": {"size_mb": 40000, "free_mb": 31000}}
    memory_mb:
      description: Memory in MiB.
      type: int
      sample: 3920
    cpus:
      description: Number of processors.
      type: int
      sample: 2
    docker:
      description: Whether a Docker engine is there, and the names of the compose projects and single containers in it.
      type: dict
      sample: {"installed": true, "projects": ["mastodon"]}
    unfinished_packages:
      description:
        - Names of the packages whose installation was interrupted, or is under way.
          apt refuses all work, or fails at the next one, until that has been finished.
      type: list
      elements: str
      sample: []
    local_domain:
      description: The LOCAL_DOMAIN of the Mastodon that is installed on the host; empty when there is none.
      type: str
      sample: social.example.org
    web_domain:
      description: Its WEB_DOMAIN.
      type: str
      sample: social.example.org
    listeners:
      description: Names of the programs that listen on O(ports), by port.
      type: dict
      sample: {"80": ["apache2"]}
    clock_skew:
      description: Seconds that the host's clock is ahead of the controller's. V(null) without O(controller_time).
      type: float
      sample: 0.4
"""

import grp
import os
import pwd
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fediops.mastodon.plugins.module_utils import _host_files

ENV_FILES = ("/etc/mastodon", "*.env")
DPKG = Path("/var/lib/dpkg")


def text(path: str | Path) -> str:
    """Return a file's text; one that is not there or not readable is empty."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def entries(directory: str | Path, pattern: str) -> list[Path]:
    """Return what matches in a directory, sorted; nothing when it is not there or not readable."""
    try:
        return sorted(Path(directory).glob(pattern))
    except OSError:
        return []


def postgres_majors() -> list[int]:
    """Return the majors for which a cluster is configured or has data."""
    found = [
        path.parent.name
        for directory, pattern in (("/etc/postgresql", "*/*"), ("/var/lib/postgresql", "*/*"))
        for path in entries(directory, pattern)
        if path.is_dir()
    ]
    return sorted({int(name) for name in found if name.isdigit()})


def disks() -> dict[str, dict[str, int]]:
    """Return size and free space of the places where the roles keep data."""
    found: dict[str, dict[str, int]] = {}
    for mount in ("/", "/var", "/var/lib"):
        try:
            usage = shutil.disk_usage(mount)
        except OSError:
            continue
        found[mount] = {"size_mb": usage.total >> 20, "free_mb": usage.free >> 20}
    return found


def docker() -> dict[str, Any]:
    """Return whether there is an engine and whose containers it holds; the engine itself is not asked or started."""
    containers = entries("/var/lib/docker/containers", "*/config.v2.json")
    projects = {_host_files.compose_project(text(path)) for path in containers}
    installed = any(Path(directory, "dockerd").exists() for directory in ("/usr/bin", "/usr/sbin", "/usr/local/bin"))
    return {"installed": installed, "projects": sorted(projects - {""})}


def unfinished_packages() -> list[str]:
    """Return the packages that dpkg has begun with: those in a state between, and those in its journal."""
    found = set(_host_files.packages(text(DPKG / "status"), unfinished=True))
    for journal in entries(DPKG / "updates", "[0-9]*"):
        found.update(_host_files.packages(text(journal), unfinished=False))
    return sorted(found)


def domains() -> dict[str, str]:
    """Return the identity that the installed Mastodon has; it must never change."""
    env: dict[str, str] = {}
    for path in entries(*ENV_FILES):
        env.update(_host_files.assignments(text(path)))
    return {"local_domain": env.get("LOCAL_DOMAIN", ""), "web_domain": env.get("WEB_DOMAIN", "")}


def listeners(ports: Iterable[int]) -> dict[str, list[str]]:
    """Return the names of the programs that listen on the ports."""
    inodes: dict[str, int] = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        inodes.update(_host_files.listening_inodes(text(table), ports))
    found: dict[str, set[str]] = {str(port): set() for port in inodes.values()}
    sockets = {f"socket:[{inode}]": str(port) for inode, port in inodes.items()}
    # Looking through all open files of all processes is only worth it when somebody listens at all.
    for link in entries("/proc", "[0-9]*/fd/*") if sockets else []:
        try:
            port = sockets.get(str(link.readlink()))
        except OSError:
            continue
        if port:
            found[port].add(text(link.parent.parent / "comm").strip())
    return {port: sorted(names) for port, names in found.items()}


def look(ports: Iterable[int], controller_time: float | None) -> dict[str, Any]:
    """Collect everything."""
    now = time.time()
    release = _host_files.assignments(text("/etc/os-release"))
    return {
        "os": {"id": release.get("ID", ""), "version": release.get("VERSION_ID", "")},
        "addresses": [
            *_host_files.ipv4_addresses(text("/proc/net/fib_trie")),
            *_host_files.ipv6_addresses(text("/proc/net/if_inet6")),
        ],
        "users": {str(user.pw_uid): user.pw_name for user in pwd.getpwall()},
        "groups": {str(group.gr_gid): group.gr_name for group in grp.getgrall()},
        "postgres_majors": postgres_majors(),
        "disks": disks(),
        "memory_mb": _host_files.memory_mb(text("/proc/meminfo")),
        "cpus": os.cpu_count() or 0,
        "docker": docker(),
        "unfinished_packages": unfinished_packages(),
        **domains(),
        "listeners": listeners(ports),
        "clock_skew": None if controller_time is None else round(now - controller_time, 1),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "ports": {"type": "list", "elements": "int", "default": [80, 443]},
            "controller_time": {"type": "float"},
        },
        supports_check_mode=True,
    )
    module.exit_json(changed=False, probe=look(module.params["ports"], module.params["controller_time"]))


if __name__ == "__main__":
    main()
