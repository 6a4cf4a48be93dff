# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests per second of copies in the media proxy's cache, against the same nginx that serves plain files.

On both releases of Debian, since their nginx differ. The plain one has Debian's program, no log, and nothing to do but
to send a file. Rounds are interleaved, and what counts is the median of the ratios.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.bench.caddy import CLIENTS, ROUNDS, Way, interleaved, ratio, table
from tests.hosts import beds, depot, engine, images
from tests.hosts.engine import Engine
from tests.hosts.layout import Layout, here

PLAYBOOK = Path(__file__).with_suffix(".yml")
SUITES = ("debian13", "debian12")
REQUESTS = 20000
# What a share below this would mean: the cache costs more than it must.
LEAST = 0.9
PLAIN, OURS = "plain-nginx.service", "nginx-media.service"
NAME = "http://media.mastodon.localhost"
SIZES = ("10k", "100k")
# As long as Mastodon's are: what nginx does with a path is part of the work.
FOLDER = "accounts/avatars/115/000/000/000/000/001/original"


def ways(size: str) -> tuple[Way, Way]:
    """The same file by both ways."""
    file = f"{NAME}/{FOLDER}/{size}.png"
    plain = Way(f"plain file, {size}", ("--h1", "--connect-to=127.0.0.1:9001", file), PLAIN)
    cached = ("--h1", "--connect-to=127.0.0.1:8080", file)
    return plain, Way(f"copy in the cache, {size}", cached, OURS, plain.name)


def prepare(docker: Engine, layout: Layout, suite: str, bed: str) -> str:
    """A host with the proxy, plain files and h2load; returns its container."""
    depot.ensure(docker, layout, [images.host_recipe(suite)], ("A",))
    beds.up(docker, layout, bed, [beds.Wanted(bed, suite=suite)])
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(layout.root / ".ansible" / "collections"),
        "ANSIBLE_PIPELINING": "true",
    }
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    subprocess.run(
        [program, "-i", str(layout.inventory(bed)), "-e", f"folder={FOLDER}", str(PLAYBOOK)],
        env=environment,
        check=True,
    )
    return layout.container(bed, bed)


def bench(docker: Engine, layout: Layout, suite: str) -> bool:
    """Make a host, measure, remove it; tell whether the goal is met."""
    bed, good = f"bench_media_{suite}", True
    try:
        container = prepare(docker, layout, suite, bed)
        print(docker("exec", container, "nginx", "-V").strip() or suite)
        for size in SIZES:
            plain, cached = ways(size)
            rounds = interleaved(docker, container, (plain, cached), REQUESTS)
            print("\n".join(table(rounds, (plain, cached))))
            good &= ratio(rounds[cached.name], rounds[plain.name], lambda figure: figure.rate) >= LEAST
    finally:
        beds.down(docker, layout, bed, [bed])
    return good


def main() -> int:
    """Measure on each release."""
    layout = here()
    docker = engine.ensure(layout)
    print(f"{ROUNDS} rounds of {REQUESTS} requests, {CLIENTS} connections that are kept, {os.cpu_count()} cores")
    # Each of them, whatever the one before said.
    met = [bench(docker, layout, suite) for suite in sys.argv[1:] or SUITES]
    return 0 if all(met) else 1
