# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.system.artefact`: build the collection, install it into an empty folder, run it by name there."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tests.system.runs import ROOT, run

# What a user has no use for; none of it may be shipped.
FOREIGN = ("tests/", "molecule/", ".", "requirements/", "build/", "Makefile", "ansible.cfg", "changelogs/fragments")


def main() -> int:
    """Build, look inside, install, run `--check` against the converged host."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(["ansible-galaxy", "collection", "build", "--output-path", name, str(ROOT)], check=True)
        artefact = next(folder.glob("fediops-mastodon-*.tar.gz"))
        with tarfile.open(artefact) as archive:
            foreign = [entry for entry in archive.getnames() if entry.startswith(FOREIGN)]
        if foreign:
            print(f"FAILED: the artefact ships {foreign[:5]}")
            return 1
        # Its dependencies are here already, from the ansible package, so no galaxy server need answer. Forced, because
        # the checkout itself looks like an installed collection.
        install = ["ansible-galaxy", "collection", "install", "--offline", "--no-deps", "--force", "-p", name]
        subprocess.run([*install, str(artefact)], check=True)
        no_settings = folder / "ansible.cfg"
        no_settings.touch()
        env = {"ANSIBLE_COLLECTIONS_PATH": name, "ANSIBLE_CONFIG": str(no_settings)}
        installed = run("site", "--check", env=env, cwd=folder)
        print(f"fediops.mastodon.site from the artefact, --check: exit {installed.code}, {installed.changed()} changed")
        if installed.code or installed.changed():
            print(installed.output)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
