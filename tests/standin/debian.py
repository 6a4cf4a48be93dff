# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images made of nothing but Debian packages, without a registry: mmdebstrap makes the tree, the engine imports it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass

from .engine import Engine, EngineError, stage

# Nobody reads manuals in here; the licences stay.
SLIM = (
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
)


@dataclass(frozen=True)
class DebianImage:
    """What an image is made of. Its tag is a digest of this, so that it is built again only when this changes."""

    name: str
    packages: tuple[str, ...]
    hooks: tuple[str, ...] = ()
    suite: str = "trixie"

    def options(self) -> list[str]:
        """Return the options that decide what is in the tree."""
        hooks = [f"--customize-hook={hook}" for hook in self.hooks]
        return ["--variant=minbase", *SLIM, f"--include={','.join(self.packages)}", *hooks]

    @property
    def tag(self) -> str:
        """Return the image's name with its digest."""
        digest = hashlib.sha256("\n".join([self.suite, *self.options()]).encode()).hexdigest()
        return f"{self.name}:{self.suite}-{digest[:12]}"

    def recipe(self) -> list[str]:
        """Return the command, to be run as root, that writes the tree as a tar stream to standard output."""
        return ["mmdebstrap", *self.options(), self.suite, "-"]

    def ensure(self, engine: Engine) -> str:
        """Build the image unless the engine has it, and return its tag."""
        engine.check()
        if not engine.has_image(self.tag):
            if os.geteuid() != 0 or shutil.which("mmdebstrap") is None:
                raise EngineError(
                    f"{self.tag} is not there, and making it takes root and mmdebstrap. "
                    "Run `python -m tests.standin recipe` to see the command to run where both are."
                )
            with stage(f"Debian packages for {self.tag}"):
                self._build(engine)
        return self.tag

    def _build(self, engine: Engine) -> None:
        with tempfile.TemporaryFile("w+") as log:
            tree = subprocess.Popen(self.recipe(), stdout=subprocess.PIPE, stderr=log)
            image = subprocess.run(
                ["docker", "import", "-", self.tag],
                stdin=tree.stdout,
                env=engine.environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert tree.stdout is not None
            tree.stdout.close()  # else mmdebstrap would wait for ever for a reader that has failed
            if tree.wait() != 0 or image.returncode != 0:
                # A tree that broke off half-way imports without complaint.
                engine.call("image", "rm", self.tag)
                log.seek(0)
                raise EngineError(f"{self.tag} could not be made:\n{log.read()[-4000:]}{image.stderr}")
