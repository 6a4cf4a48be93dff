# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The app's images in the depot's registry: the real ones where their registry answers, else the stand-in's."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.hosts import mmdebstrap
from tests.hosts.engine import Engine
from tests.hosts.layout import Layout
from tests.hosts.pins import Pins
from tests.hosts.progress import HarnessError, run, step
from tests.standin.images import BASE, RELEASES

REGISTRY = "depot.test:5000"
REAL_REGISTRY = "ghcr.io"
STAND_IN = "stand-in"
ANSWER_SECONDS = 4
IMAGES = ("mastodon", "mastodon-streaming")


@dataclass(frozen=True)
class Offer:
    """What the registry holds."""

    variables: dict[str, str]
    title: str


def ensure(engine: Engine, layout: Layout, pushed: dict[str, str], defaults: Pins, releases: Iterable[str]) -> Offer:
    """Both images, under the names that the role makes out of ``mastodon_image_registry``."""
    real = os.environ.get("MASTODON_IMAGE_REGISTRY") or _answering(pushed)
    if real:
        version = os.environ.get("MASTODON_VERSION") or defaults.mastodon_version
        _mirror(engine, layout, pushed, real, version)
        variables = {"mastodon_image_registry": REGISTRY, "mastodon_version": version}
        return Offer(variables, f"Mastodon's own images v{version} from {real}")
    key = stand_in_key(layout)
    for release in releases:
        _push_stand_in(engine, layout, pushed, release, key)
    versions = " and ".join(f"v{RELEASES[release].version}" for release in releases)
    variables = {"mastodon_image_registry": f"{REGISTRY}/{STAND_IN}"}
    return Offer(variables, f"a stand-in for {versions}, as {REAL_REGISTRY} does not answer")


def _answering(pushed: dict[str, str]) -> str | None:
    # A test bed that began with the stand-in stays with it, whatever the network does in between.
    if any(name.startswith(f"{STAND_IN}/") for name in pushed):
        return None
    return REAL_REGISTRY if registry_answers(REAL_REGISTRY) else None


def registry_answers(name: str) -> bool:
    """Whether a registry is reachable; it may well ask who we are."""
    try:
        with urllib.request.urlopen(f"https://{name}/v2/", timeout=ANSWER_SECONDS):
            return True
    except urllib.error.HTTPError as error:
        return error.code == 401
    except (urllib.error.URLError, OSError):
        return False


def _mirror(engine: Engine, layout: Layout, pushed: dict[str, str], registry: str, version: str) -> None:
    for image in IMAGES:
        name = f"mastodon/{image}:v{version}"
        if pushed.get(name) == registry:
            continue
        with step(f"Mirror {registry}/{name}"):
            source, target = f"docker://{registry}/{name}", f"docker://localhost:5000/{name}"
            copy = ["skopeo", "copy", "--dest-tls-verify=false", source, target]
            engine("exec", *_machine_ca(engine, layout), layout.depot, *copy)
        pushed[name] = registry


def _machine_ca(engine: Engine, layout: Layout) -> list[str]:
    # Behind a proxy that looks into TLS only the machine's own bundle knows the proxy's CA.
    bundle = os.environ.get("SSL_CERT_FILE")
    if not bundle or not Path(bundle).is_file():
        return []
    engine("cp", "--follow-link", bundle, f"{layout.depot}:/srv/machine-ca.crt")
    return ["--env", "SSL_CERT_FILE=/srv/machine-ca.crt"]


def stand_in_key(layout: Layout) -> str:
    """Hash of everything that the stand-in's images are made of."""
    folder = layout.root / "tests" / "standin"
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def _push_stand_in(engine: Engine, layout: Layout, pushed: dict[str, str], release: str, key: str) -> None:
    names = [f"{image}:v{RELEASES[release].version}" for image in IMAGES]
    if all(pushed.get(f"{STAND_IN}/mastodon/{name}") == key for name in names):
        return
    mmdebstrap.prepare(engine)
    if not mmdebstrap.runs_here(engine) and not engine.answers("image", "inspect", BASE.tag):
        mmdebstrap.make(engine, layout, mmdebstrap.Build(BASE.tag, BASE.recipe()))
    with step(f"Build the stand-in app, release {release} (v{RELEASES[release].version})"):
        command = [sys.executable, "-m", "tests.standin", "build", "--release", release, "--engine", engine.socket]
        run(command, folder=layout.root, log=layout.logs / f"stand-in-{release}.log")
    for name in names:
        with step(f"Put {name} into the depot's registry", always=False):
            _push(engine, layout, f"fediops-standin/{name}", f"{STAND_IN}/mastodon/{name}")
        pushed[f"{STAND_IN}/mastodon/{name}"] = key


def _push(engine: Engine, layout: Layout, tag: str, name: str) -> None:
    copy = ["skopeo", "copy", "--quiet", "--dest-tls-verify=false", "docker-archive:/dev/stdin"]
    copy.append(f"docker://localhost:5000/{name}")
    with subprocess.Popen(engine.command("save", tag), stdout=subprocess.PIPE) as saving:
        done = subprocess.run(
            engine.command("exec", "--interactive", layout.depot, *copy),
            stdin=saving.stdout, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode or saving.returncode:
        raise HarnessError(f"{tag} did not get into the depot's registry: {done.stderr.strip()}", "try again")
