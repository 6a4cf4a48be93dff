#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: app_assets
short_description: Export the static files of the app from its image
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Makes one archive of the files below the app's C(public) that never depend on who asks, so that the TLS front can
    serve them, also while the app is away and after it has been upgraded.
  - Takes them out of a container that is made from the image and never started. Uploads, source maps and symbolic links
    stay behind.
  - Needs the Docker engine and its command line on the host, and root.
extends_documentation_fragment:
  - fediops.mastodon.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: The content is a program's output; there is nothing to review.
  idempotent:
    support: full
    details: The archive of an image that has not changed is not made again.
options:
  image:
    description: The app's image. When the host does not have it nothing happens.
    type: str
    required: true
  path:
    description:
      - Directory for the archive; made when it is not there. Archives of other images in it are removed.
      - Everybody on the host may read it, since everybody in the world may.
    type: path
    required: true
  source:
    description: The directory in the image.
    type: str
    default: /opt/mastodon/public
  container:
    description: Name of the container that is made and removed; one that a killed run left is removed first.
    type: str
    default: mastodon-assets
  project:
    description: Name of the Compose project that the container belongs to.
    type: str
    default: mastodon
"""

EXAMPLES = r"""
- name: Export the static files
  fediops.mastodon.app_assets:
    image: ghcr.io/mastodon/mastodon:v4.7.6
    path: /var/cache/mastodon-assets
  register: mastodon_assets
"""

RETURN = r"""
release:
  description: A name that tells images apart; empty when the host does not have the image.
  returned: success
  type: str
  sample: v4.7.6-2c26b46b68ff
archive:
  description: The archive, a path on the host; empty when there is none yet.
  returned: success
  type: str
  sample: /var/cache/mastodon-assets/v4.7.6-2c26b46b68ff.tar.gz
"""

import re
import tarfile
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fediops.mastodon.plugins.module_utils import _assets


def release_of(module: AnsibleModule, docker: str) -> str:
    """Return a name for the image that the host has under that tag, empty when it has none."""
    image = module.params["image"]
    code, found, error = module.run_command([docker, "image", "inspect", "--format", "{{.Id}}", image])
    if code != 0:
        if "no such image" not in error.lower():
            module.fail_json(msg=f"The engine could not be asked for {image}: {error.strip()}")
        return ""
    tag = re.sub(r"[^A-Za-z0-9.+_]", "_", image.rpartition(":")[2])
    return f"{tag}-{found.strip().rpartition(':')[2][:12]}"


def export(module: AnsibleModule, docker: str, archive: Path) -> None:
    """Write the archive; it gets its name when it is whole."""
    options = module.params
    remove = [docker, "rm", "--force", options["container"]]
    module.run_command(remove)
    label = f"com.docker.compose.project={options['project']}"
    create = [docker, "create", "--name", options["container"], "--label", label, "--network", "none"]
    module.run_command([*create, options["image"], "true"], check_rc=True)
    part = archive.with_suffix(".part")
    # Beside the archive: a temporary file system may be too small for thousands of emoji.
    with tempfile.TemporaryDirectory(dir=archive.parent) as scratch:
        try:
            copy = [docker, "cp", f"{options['container']}:{options['source']}", scratch]
            code, _said, error = module.run_command(copy)
            if code != 0 or pack(Path(scratch), part) == 0:
                module.fail_json(msg=f"{options['source']} of {options['image']} could not be read: {error.strip()}")
            part.replace(archive)
        finally:
            part.unlink(missing_ok=True)
            module.run_command(remove)


def pack(folder: Path, target: Path) -> int:
    """Put the files that the front serves into an archive; return how many they were."""
    count = 0
    with tarfile.open(target, mode="w:gz", compresslevel=6) as archive:
        for path in sorted(folder.rglob("*")):
            name = _assets.exported(str(path.relative_to(folder)))
            if name is None or path.is_symlink() or not path.is_file():
                continue
            found = path.stat()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = found.st_size, int(found.st_mtime), 0o644
            with path.open("rb") as content:
                archive.addfile(entry, content)
            count += 1
    target.chmod(0o644)
    return count


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "image": {"type": "str", "required": True},
            "path": {"type": "path", "required": True},
            "source": {"type": "str", "default": "/opt/mastodon/public"},
            "container": {"type": "str", "default": "mastodon-assets"},
            "project": {"type": "str", "default": "mastodon"},
        },
        supports_check_mode=True,
    )
    docker = module.get_bin_path("docker")
    release = release_of(module, docker) if docker else ""
    if not release:
        module.exit_json(changed=False, release="", archive="")
    folder = Path(module.params["path"])
    archive = folder / f"{release}.tar.gz"
    if archive.exists():
        module.exit_json(changed=False, release=release, archive=str(archive))
    if module.check_mode:
        module.exit_json(changed=True, release=release, archive="")
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    folder.chmod(0o755)
    export(module, str(docker), archive)
    for other in folder.glob("*.tar.gz"):
        if other != archive:
            other.unlink()
    module.exit_json(changed=True, release=release, archive=str(archive))


if __name__ == "__main__":
    main()
