#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: mastodon_info
short_description: Look at what a host holds of a Mastodon in containers
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Reads in one go what role P(fediops.mastodon.mastodon#role) has to know before it changes anything.
  - Asks the Docker engine, when there is one, through its own programs. It needs root.
extends_documentation_fragment:
  - fediops.mastodon.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: It never changes anything.
  idempotent:
    support: full
    details: A second run gives the same result as long as the host stays as it is.
options:
  uid:
    description: Number of the user that the containers run as.
    type: int
    required: true
  user:
    description: Name of that user.
    type: str
    default: mastodon
  project:
    description: Name of the Compose project.
    type: str
    default: mastodon
  tools_container:
    description: Name of the container in which the role runs migrations and the like.
    type: str
    default: mastodon-tools
  state_file:
    description: Where the role remembers what it has done.
    type: path
    default: /var/lib/mastodon/state.json
  env_file:
    description: The env file that holds C(LOCAL_DOMAIN).
    type: path
    default: /etc/mastodon/common.env
  tmp_dir:
    description: The directory that the containers have as C(/tmp).
    type: path
    default: /var/lib/mastodon/tmp
  packages:
    description: Names of the Debian packages that the host needs.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Look at the host
  fediops.mastodon.mastodon_info:
    uid: 991
    packages: [docker.io, docker-compose]
  register: mastodon
"""

RETURN = r"""
host:
  description: What the host holds. Not a fact, so that no fact cache keeps it.
  returned: success
  type: dict
  contains:
    state:
      description: What the role remembers of earlier runs.
      type: dict
      sample: {"image": "ghcr.io/mastodon/mastodon:v4.7.6"}
    local_domain:
      description: The C(LOCAL_DOMAIN) that is configured; empty when there is none.
      type: str
      sample: social.example.org
    uid_user:
      description: Name of the user that has the O(uid); empty when it is free.
      type: str
      sample: mastodon
    gid_group:
      description: Name of the group that has the same number; empty when it is free.
      type: str
      sample: mastodon
    user_uid:
      description: The uid that O(user) has; V(null) when there is no such user.
      type: int
      sample: 991
    engine:
      description: The Docker engine.
      type: dict
      contains:
        package:
          description: The Debian package that it came from; empty when it did not come from one.
          type: str
          sample: docker.io
        version:
          description: Version of the engine; empty when none answers.
          type: str
          sample: 26.1.5
        compose:
          description: Version of the Compose plugin; empty when there is none.
          type: str
          sample: 2.26.1
        foreign:
          description: Names of the containers that belong to something else than O(project).
          type: list
          elements: str
          sample: []
        tools:
          description: State of O(tools_container); empty when it does not exist, as it should be between runs.
          type: str
          sample: ""
    daemon_config:
      description: The content of C(/etc/docker/daemon.json); V(null) when there is none.
      type: dict
      sample: {"live-restore": true}
    tmp_device:
      description: What is mounted on O(tmp_dir); empty when nothing is.
      type: str
      sample: /dev/loop0
    tmp_in_fstab:
      description: Whether O(tmp_dir) is mounted at boot.
      type: bool
      sample: true
    missing_packages:
      description: Those of O(packages) that are not installed.
      type: list
      elements: str
      sample: []
"""

import grp
import pwd
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fediops.mastodon.plugins.module_utils import _mastodon_host

DAEMON_CONFIG = "/etc/docker/daemon.json"
DAEMONS = ("/usr/sbin/dockerd", "/usr/bin/dockerd")


def text(path: str) -> str:
    """Return a file's text; one that is not there is empty."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def json_file(module: AnsibleModule, path: str) -> dict[str, Any] | None:
    """Return the object in a JSON file, None when there is no file; a damaged one needs a human."""
    found: dict[str, Any] | None = None
    try:
        found = _mastodon_host.json_object(text(path))
    except ValueError as error:
        module.fail_json(msg=f"{path} cannot be read as a JSON object: {error}. Repair it or move it away.")
    return found


def name_of(lookup: Any, number: int) -> str:
    """Return the name of a user or group; empty when the number is free."""
    try:
        return str(lookup(number)[0])
    except KeyError:
        return ""


def uid_of(user: str) -> int | None:
    """Return the uid of a user, None when there is no such user."""
    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        return None


def engine(module: AnsibleModule) -> dict[str, Any]:
    """Ask the engine; one that does not answer has no version."""
    _rc, owners, _err = module.run_command(["dpkg-query", "--search", *DAEMONS])
    found: dict[str, Any] = {
        "package": _mastodon_host.engine_package(owners),
        "version": "",
        "compose": "",
        **_mastodon_host.containers("", "", ""),
    }
    docker = module.get_bin_path("docker")
    if docker is None:
        return found
    status, version, _err = module.run_command([docker, "version", "--format", "{{.Server.Version}}"])
    if status != 0:
        return found
    status, compose, _err = module.run_command([docker, "compose", "version", "--short"])
    _rc, listing, _err = module.run_command(
        [docker, "ps", "--all", "--format", _mastodon_host.PS_FORMAT], check_rc=True
    )
    found.update(
        version=version.strip(),
        compose=compose.strip() if status == 0 else "",
        **_mastodon_host.containers(listing, module.params["project"], module.params["tools_container"]),
    )
    return found


def missing_packages(module: AnsibleModule, wanted: list[str]) -> list[str]:
    """Return those that are not installed, in their order."""
    if not wanted:
        return []
    _rc, listing, _err = module.run_command(["dpkg-query", "--show", _mastodon_host.DPKG_FORMAT, *wanted])
    installed = _mastodon_host.installed_packages(listing)
    return [name for name in wanted if name not in installed]


def look(module: AnsibleModule) -> dict[str, Any]:
    """Collect everything."""
    options = module.params
    return {
        "state": json_file(module, options["state_file"]) or {},
        "local_domain": _mastodon_host.local_domain(text(options["env_file"])),
        "uid_user": name_of(pwd.getpwuid, options["uid"]),
        "gid_group": name_of(grp.getgrgid, options["uid"]),
        "user_uid": uid_of(options["user"]),
        "engine": engine(module),
        "daemon_config": json_file(module, DAEMON_CONFIG),
        "tmp_device": _mastodon_host.mount_device(text("/proc/self/mounts"), options["tmp_dir"]),
        "tmp_in_fstab": bool(_mastodon_host.mount_device(text("/etc/fstab"), options["tmp_dir"])),
        "missing_packages": missing_packages(module, options["packages"]),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "uid": {"type": "int", "required": True},
            "user": {"type": "str", "default": "mastodon"},
            "project": {"type": "str", "default": "mastodon"},
            "tools_container": {"type": "str", "default": "mastodon-tools"},
            "state_file": {"type": "path", "default": "/var/lib/mastodon/state.json"},
            "env_file": {"type": "path", "default": "/etc/mastodon/common.env"},
            "tmp_dir": {"type": "path", "default": "/var/lib/mastodon/tmp"},
            "packages": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    module.exit_json(changed=False, host=look(module))


if __name__ == "__main__":
    main()
