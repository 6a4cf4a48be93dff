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
import platform
import subprocess
import tarfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.hosts import own_engine
from tests.hosts.engine import Engine
from tests.hosts.layout import LABEL_PROJECT, LABEL_RECIPE, PROJECT, Layout
from tests.hosts.progress import HarnessError, lock, show_end, step

RECIPES = Path(__file__).parent / "images"
SUITES = {"debian13": "trixie", "debian12": "bookworm"}
BUILDER = "debian:trixie"  # only where mmdebstrap cannot run on the machine itself
MIRROR = "http://deb.debian.org"

# $1 recipe folder, $2 suite, $3 packages, $4 mirror. Writes the new system as a tar archive to standard output.
# apt's lists stay: on an installed server they are there, too, and a first --check needs them.
BUILD = """
set -eu
export RECIPE="$1"
overlay='for part in "$RECIPE"/*/; do tar -C "$part/files" -c . | tar -C "$1" -x --no-same-owner; done'
setup='for part in "$RECIPE"/*/; do chroot "$1" sh -eux <"$part/setup.sh" >&2; done'
exec mmdebstrap --quiet --variant=minbase --skip=cleanup/apt/lists --include="$3" \\
  --customize-hook="$overlay" --customize-hook="$setup" "$2" - \\
  "deb $4/debian $2 main" "deb $4/debian $2-updates main" "deb $4/debian-security $2-security main"
"""

# Both read the recipe as a tar archive from standard input. $1 the script above, then its arguments but the first.
ON_MACHINE = """
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
tar -C "$folder" -x
sh -c "$1" build "$folder" "$2" "$3" "$4"
"""
IN_CONTAINER = """
set -eu
mkdir /recipe
tar -C /recipe -x
apt-get -q update >&2
apt-get -q -y install --no-install-recommends mmdebstrap >&2
exec sh -c "$1" build /recipe "$2" "$3" "$4"
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
        on_machine = can_build_here(engine)
        if on_machine:
            own_engine.install({"mmdebstrap": "mmdebstrap"})
        with ThreadPoolExecutor() as pool:
            for future in [pool.submit(build, engine, layout, recipe, on_machine) for recipe in missing]:
                future.result()


def can_build_here(engine: Engine) -> bool:
    """On Debian as root mmdebstrap needs nothing else; elsewhere it runs in a container."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine())
    return os.geteuid() == 0 and _is_debian() and machine == engine.architecture


def _is_debian(release: Path = Path("/etc/os-release")) -> bool:
    # Debian itself, not a relative: only it is sure to know the signing keys of the newest Debian.
    return release.is_file() and "ID=debian" in release.read_text(encoding="utf-8").split()


def build(engine: Engine, layout: Layout, recipe: Recipe, on_machine: bool) -> None:
    """Build one image: mmdebstrap writes an archive, the engine imports it while it is written."""
    where = "" if on_machine else " inside a container"
    log = layout.logs / f"image-{recipe.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with step(f"Build the image {recipe.name} ({SUITES[recipe.suite]}){where}"), log.open("wb") as errors:
        builder = _start_on_machine(recipe, errors) if on_machine else _start_in_container(engine, recipe, errors)
        changes = [word for change in (*CHANGES, f"LABEL {LABEL_RECIPE}={recipe.key}") for word in ("--change", change)]
        assert builder.stdout is not None
        importer = subprocess.run(
            engine.command("import", *changes, "-", recipe.tag), stdin=builder.stdout, capture_output=True, check=False
        )
        builder.stdout.close()  # else a builder whose reader gave up would wait for ever
        if builder.wait() or importer.returncode:
            engine.answers("image", "rm", recipe.tag)
            show_end(log)
            said = importer.stderr.decode(errors="replace").strip()
            raise HarnessError(
                f"the image {recipe.name} could not be built {said}", f"read the end of {log}; is {MIRROR} reachable?"
            )


def _start_on_machine(recipe: Recipe, errors: io.BufferedWriter) -> subprocess.Popen[bytes]:
    # The shell unpacks the archive into a folder of its own: both ways feed the builder the very same bytes.
    return _feed(["sh", "-c", ON_MACHINE, "build", BUILD, *_arguments(recipe)], recipe, errors)


def _start_in_container(engine: Engine, recipe: Recipe, errors: io.BufferedWriter) -> subprocess.Popen[bytes]:
    rights = ["--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"]
    command = engine.command("run", "--rm", "--interactive", *rights, BUILDER)
    return _feed([*command, "sh", "-c", IN_CONTAINER, "build", BUILD, *_arguments(recipe)], recipe, errors)


def _arguments(recipe: Recipe) -> list[str]:
    return [SUITES[recipe.suite], ",".join(recipe.packages), MIRROR]


def _feed(command: list[str], recipe: Recipe, errors: io.BufferedWriter) -> subprocess.Popen[bytes]:
    builder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
    assert builder.stdin is not None
    with builder.stdin:
        builder.stdin.write(recipe.archive())
    return builder
