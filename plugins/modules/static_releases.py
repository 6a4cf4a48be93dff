#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: static_releases
short_description: Keep the static files of the last releases of the app in one tree
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Unpacks an archive of M(fediops.mastodon.app_assets) beside those of the releases before, and makes C(current) below
    O(path) a tree that has every file of all of them, the newest of each. A web server that serves C(current) never
    misses the files of a page that was loaded before an upgrade.
  - C(current) is a symbolic link that is replaced at once. The files in its tree are hard links and cost no space.
extends_documentation_fragment:
  - fediops.mastodon.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: The return value RV(releases) says all there is to say.
  idempotent:
    support: full
    details: A run that was killed is finished by the next one.
options:
  path:
    description: The directory; made when it is not there.
    type: path
    required: true
  release:
    description: Name of the release that becomes the newest.
    type: str
    required: true
  archive:
    description:
      - The archive, a path on the host.
      - Without it a release that the host does not have is only reported as RV(missing).
    type: path
  keep:
    description: How many releases stay, the newest included.
    type: int
    default: 3
"""

EXAMPLES = r"""
- name: Serve the static files of a release
  fediops.mastodon.static_releases:
    path: /var/lib/caddy-assets
    release: v4.7.6-2c26b46b68ff
    archive: /var/cache/mastodon-assets/v4.7.6-2c26b46b68ff.tar.gz
"""

RETURN = r"""
missing:
  description: Whether the host lacks the release and was given no archive.
  returned: success
  type: bool
  sample: false
releases:
  description: The releases that are served, newest first.
  returned: success
  type: list
  elements: str
  sample: [v4.7.7-fcde2b2edba5, v4.7.6-2c26b46b68ff]
"""

import json
import os
import re
import shutil
import tarfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fediops.mastodon.plugins.module_utils import _assets

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]*\Z")


class Store:
    """The directory: releases/NAME as they were unpacked, trees/NAME of links into them, current, and their order."""

    def __init__(self, path: str) -> None:
        """Nothing is made yet."""
        self.root = Path(path)
        self.releases, self.trees, self.current = (self.root / name for name in ("releases", "trees", "current"))
        self.order_file = self.root / "order.json"

    def known(self) -> list[str]:
        """Return the releases that are there whole, newest first."""
        try:
            listed = json.loads(self.order_file.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return []
        return [name for name in listed if (self.releases / name).is_dir()]

    def serves(self, order: list[str]) -> bool:
        """Tell whether current is the tree of these releases."""
        return self.current.is_symlink() and str(self.current.readlink()) == f"trees/{_assets.tree_name(order)}"

    def prepare(self) -> None:
        """Make the directories, which everybody may read."""
        for folder in (self.root, self.releases, self.trees):
            folder.mkdir(mode=0o755, exist_ok=True)
            folder.chmod(0o755)

    def unpack(self, release: str, archive: str) -> None:
        """Unpack a release; it gets its name when it is whole."""
        part = self.releases / f".{release}"
        shutil.rmtree(part, ignore_errors=True)
        make(part)
        with tarfile.open(archive, mode="r:gz") as source:
            for member in source:
                if not member.isfile() or not _assets.is_safe(member.name):
                    raise ValueError(f"{member.name!r} is no plain file below the archive's root")
                target = part / member.name
                make(target.parent)
                with target.open("wb") as handle:
                    shutil.copyfileobj(source.extractfile(member), handle)  # type: ignore[arg-type]  # a file has content
                    os.fchmod(handle.fileno(), 0o644)
                os.utime(target, (member.mtime, member.mtime))
        part.rename(self.releases / release)

    def publish(self, order: list[str]) -> None:
        """Make current the tree of these releases."""
        name = _assets.tree_name(order)
        part = self.trees / f".{name}"
        for leftover in (part, self.trees / name):
            shutil.rmtree(leftover, ignore_errors=True)
        make(part)
        files = {release: list(self.files(release)) for release in order}
        for file, release in _assets.union(files, order).items():
            make((part / file).parent)
            os.link(self.releases / release / file, part / file)
        part.rename(self.trees / name)
        write(self.order_file, json.dumps(order))
        link = self.root / ".current"
        link.unlink(missing_ok=True)
        link.symlink_to(f"trees/{name}")
        link.replace(self.current)

    def files(self, release: str) -> list[str]:
        """Return the names of a release's files."""
        root = self.releases / release
        return [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]

    def tidy(self, order: list[str]) -> None:
        """Remove what current does not need."""
        keep = {*order, _assets.tree_name(order)}
        for folder in (self.releases, self.trees):
            for path in folder.iterdir():
                if path.name not in keep:
                    shutil.rmtree(path)


def make(folder: Path) -> None:
    """Make a directory and those above it, for everybody to read whatever the umask is."""
    if not folder.is_dir():
        make(folder.parent)
        folder.mkdir()
        folder.chmod(0o755)


def write(file: Path, text: str) -> None:
    """Write a small file at once."""
    part = file.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)


def apply(module: AnsibleModule) -> dict[str, Any]:
    """Bring the directory to what is wanted; return the result."""
    options = module.params
    store = Store(options["path"])
    known = store.known()
    there = (store.releases / options["release"]).is_dir()
    if not there and not options["archive"]:
        return {"changed": False, "missing": True, "releases": known}
    order = _assets.order(known, options["release"], options["keep"])
    if there and store.serves(order):
        return {"changed": False, "missing": False, "releases": order}
    if not module.check_mode:
        store.prepare()
        if not there:
            store.unpack(options["release"], options["archive"])
        store.publish(order)
        store.tidy(order)
    return {"changed": True, "missing": False, "releases": order}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "release": {"type": "str", "required": True},
            "archive": {"type": "path"},
            "keep": {"type": "int", "default": 3},
        },
        supports_check_mode=True,
    )
    if not NAME.match(module.params["release"]):
        module.fail_json(msg=f"release is {module.params['release']!r}: use letters, digits and . + _ -")
    if module.params["keep"] < 1:
        module.fail_json(msg=f"keep is {module.params['keep']}: at least the newest release must stay")
    try:
        result = apply(module)
    except (tarfile.TarError, ValueError, EOFError) as error:
        module.fail_json(msg=f"archive {module.params['archive']} cannot be used: {error}. Make it again.")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
