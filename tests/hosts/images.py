# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images for hosts, made with mmdebstrap: no registry is needed, and both Debians come from one recipe.

A recipe is a list of folders under images/, each with ``packages``, ``files/`` (laid over the new system) and
``setup.sh`` (run inside it). An image's tag is a hash of all that: change a file and the next run builds a new one.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.hosts import mmdebstrap
from tests.hosts.engine import Engine
from tests.hosts.layout import LABEL_PROJECT, LABEL_RECIPE, PROJECT, Layout
from tests.hosts.progress import HarnessError, lock

RECIPES = Path(__file__).parent / "images"
SUITES = {"debian13": "trixie", "debian12": "bookworm"}

# $1 suite, $2 packages. Writes the new system as a tar archive to standard output; mmdebstrap knows Debian's mirrors.
# apt's lists stay: on an installed server they are there, too, and a first --check needs them.
BUILD = """
set -eu
overlay='for part in "$RECIPE"/*/; do tar -C "$part/files" -c . | tar -C "$1" -x --no-same-owner; done'
setup='for part in "$RECIPE"/*/; do chroot "$1" sh -eux <"$part/setup.sh" >&2; done'
exec mmdebstrap --quiet --variant=minbase --skip=cleanup/apt/lists --include="$2" \\
  --customize-hook="$overlay" --customize-hook="$setup" "$1" -
"""

CHANGES = (
    "ENV container=docker",
    'CMD ["/usr/local/sbin/testhost-init"]',
    f"LABEL {LABEL_PROJECT}={PROJECT}",
)


@dataclass(frozen=True)
class Recipe:
    """One image: a Debian release and the folders that make it what it is."""

    name: str
    suite: str
    parts: tuple[str, ...]
    folder: Path = RECIPES

    @property
    def packages(self) -> list[str]:
        """All packages of all parts."""
        texts = [(self.folder / part / "packages").read_text(encoding="utf-8") for part in self.parts]
        lines = [line.partition("#")[0].strip() for text in texts for line in text.splitlines()]
        return [line for line in lines if line]

    def files(self) -> Iterable[tuple[str, Path]]:
        """Every file of the recipe with its name in the archive; the parts are numbered to keep their order."""
        for number, part in enumerate(self.parts):
            base = self.folder / part
            for path in sorted(base.rglob("*")):
                if path.is_file():
                    yield f"{number}-{part}/{path.relative_to(base)}", path

    def archive(self) -> bytes:
        """The recipe as a tar archive that depends on nothing but its content: no dates, owners or umask."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for name, path in self.files():
                entry = tarfile.TarInfo(name)
                entry.mode = 0o755 if os.access(path, os.X_OK) else 0o644
                content = path.read_bytes()
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        return buffer.getvalue()

    @property
    def key(self) -> str:
        """Hash of everything that decides what the image is."""
        digest = hashlib.sha256(self.archive())
        digest.update(repr((SUITES[self.suite], BUILD, CHANGES)).encode())
        return digest.hexdigest()[:12]

    @property
    def tag(self) -> str:
        """Name of the image in the engine."""
        return f"fediops-testhost/{self.name}:{self.key}"

    @property
    def build(self) -> mmdebstrap.Build:
        """How the image is made."""
        arguments = [SUITES[self.suite], ",".join(self.packages)]
        changes = (*CHANGES, f"LABEL {LABEL_RECIPE}={self.key}")
        return mmdebstrap.Build(self.tag, ["sh", "-c", BUILD, "build", *arguments], self.archive(), changes)


def host_recipe(suite: str) -> Recipe:
    """The image of an ordinary host."""
    if suite not in SUITES:
        raise HarnessError(f"no host image is known for {suite!r}", f"use one of {', '.join(SUITES)}")
    return Recipe(suite, suite, ("host",))


DEPOT = Recipe("depot", "debian13", ("host", "depot"))


def ensure(engine: Engine, layout: Layout, recipes: Iterable[Recipe]) -> None:
    """Build the images that this engine does not hold yet, side by side."""
    with lock(layout.cache / "images.lock"):
        missing = [recipe for recipe in recipes if not engine.answers("image", "inspect", recipe.tag)]
        if not missing:
            return
        mmdebstrap.prepare(engine)
        with ThreadPoolExecutor() as pool:
            for future in [pool.submit(mmdebstrap.make, engine, layout, recipe.build) for recipe in missing]:
                future.result()
