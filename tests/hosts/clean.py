# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove what the harness made: this checkout's things always, what all checkouts share with the last of them."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from tests.hosts import beds, engine, forward, leftovers, own_engine
from tests.hosts.engine import Engine
from tests.hosts.layout import LABEL_BED, LABEL_CHECKOUT, LABEL_PROJECT, PROJECT, Layout
from tests.hosts.progress import lock, say, step


def checkouts(layout: Layout) -> tuple[set[str], set[str]]:
    """Short names of the other checkouts that use the cache, and of those whose folder is gone."""
    living: set[str] = set()
    gone: set[str] = set()
    for file in (layout.cache / "checkouts").glob("*"):
        root = Path(file.read_text(encoding="utf-8").strip())
        if file.name != layout.checkout:
            (living if root.is_dir() else gone).add(file.name)
    return living, gone


def clean(layout: Layout) -> None:
    """Remove it all, and nothing else."""
    living, gone = checkouts(layout)
    with step("Remove the test hosts"):
        docker = engine.find(layout)
        if docker is not None:
            remove_from(docker, layout, {layout.checkout, *gone})
            if not living and not docker.own:
                remove_images(docker)
        for file in layout.build.glob("beds/*/known_hosts"):
            _hang_up_all(layout, file.parent.name)
        (layout.root / "build" / "demo.json").unlink(missing_ok=True)
        shutil.rmtree(layout.build, ignore_errors=True)
    if living:
        for name in (layout.checkout, *gone):
            (layout.cache / "checkouts" / name).unlink(missing_ok=True)
        say(f"  {layout.cache} stays: {len(living)} other checkout(s) use it")
        return
    with step("Remove the engine of our own and the cache"):
        if os.geteuid() == 0:
            with lock(layout.cache / "engine.lock"):
                leftovers.end_engine(layout)
        leftovers.unmount_below(layout.cache)
        shutil.rmtree(layout.cache)
    own_engine.name_packages()


def remove_from(docker: Engine, layout: Layout, names: Iterable[str]) -> None:
    """Remove containers, networks and volumes that carry one of these checkouts' names."""
    own = f"label={LABEL_CHECKOUT}={layout.checkout}"
    for bed in docker.names("network", own, template=f'{{{{.Label "{LABEL_BED}"}}}}'):
        forward.close(docker, layout, bed)
    for name in names:
        label = f"label={LABEL_CHECKOUT}={name}"
        for kind, force in (("container", ["--force", "--volumes"]), ("network", []), ("volume", ["--force"])):
            template = "{{.Names}}" if kind == "container" else "{{.Name}}"
            for item in docker.names(kind, label, template=template):
                docker(kind, "rm", *force, item)


def remove_images(docker: Engine) -> None:
    """Remove our images from an engine that is the user's."""
    label = f"label={LABEL_PROJECT}={PROJECT}"
    references = [f"reference={name}" for name in ("fediops-testhost/*", "fediops-standin/*")]
    for item in [label, *references]:
        for image in docker.names("image", item, template="{{.ID}}"):
            docker.answers("image", "rm", "--force", image)


def _hang_up_all(layout: Layout, bed: str) -> None:
    known = layout.bed(bed) / "known_hosts"
    for text in known.read_text(encoding="utf-8").splitlines():
        container = text.split(" ", 1)[0]
        name = "depot" if container == layout.depot else container.removeprefix(layout.container(bed, ""))
        with contextlib.suppress(OSError):
            beds.hang_up(layout, bed, name)
