# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests per second through Caddy, as role caddy sets it up, against its upstream alone.

One host does everything, so that the ratio is that of the work and not of a network. The upstream is an nginx that
answers 2 KB out of memory: whatever an app costs beside that makes the front's share smaller than what is shown here.
Rounds are interleaved, because on a shared machine seconds drift; what counts is the median of the ratios.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.hosts import beds, depot, engine, images
from tests.hosts.engine import Engine
from tests.hosts.layout import Layout, here

BED = "bench_caddy"
PLAYBOOK = Path(__file__).with_suffix(".yml")
ROUNDS, REQUESTS, CLIENTS = 5, 8000, 32
LOG = "/run/bench.log"
RATE = re.compile(r"^finished in .*?, ([0-9.]+) req/s", re.M)
SUCCEEDED = re.compile(r"^requests: .* (\d+) succeeded, (\d+) failed", re.M)
WAYS: Mapping[str, list[str]] = {
    "upstream alone, http/1.1": ["--h1", "http://127.0.0.1:3000/bench"],
    "through Caddy, https/1.1": ["--h1", "--connect-to=127.0.0.1:443", "https://mastodon.localhost/bench"],
    "through Caddy, h2": ["--connect-to=127.0.0.1:443", "https://mastodon.localhost/bench"],
}


@dataclass(frozen=True)
class Figure:
    """What one round said."""

    rate: float
    p95: float  # milliseconds


def read(said: str, log: str, requests: int) -> Figure:
    """Take the figures out of what h2load printed and logged; every request must have succeeded."""
    rate, succeeded = RATE.search(said), SUCCEEDED.search(said)
    times = sorted(int(line.split("\t")[2]) for line in log.splitlines())
    codes = {line.split("\t")[1] for line in log.splitlines()}
    if rate is None or succeeded is None or (int(succeeded[1]), int(succeeded[2])) != (requests, 0) or codes != {"200"}:
        raise SystemExit(f"not every request succeeded: {sorted(codes)}\n{said}")
    return Figure(float(rate[1]), times[int(len(times) * 0.95)] / 1000)


def table(rounds: Mapping[str, list[Figure]]) -> list[str]:
    """The medians, and the medians of each round's ratio to the first way."""
    base = next(iter(rounds.values()))
    lines = [f"{'way':<26} {'req/s':>8} {'p95 ms':>8} {'rate ratio':>11} {'p95 ratio':>10}"]
    for way, figures in rounds.items():
        pairs = list(zip(figures, base))
        lines.append(
            f"{way:<26} {median(figures, lambda figure: figure.rate):>8.0f} "
            f"{median(figures, lambda figure: figure.p95):>8.2f} "
            f"{statistics.median(own.rate / other.rate for own, other in pairs):>11.2f} "
            f"{statistics.median(own.p95 / other.p95 for own, other in pairs):>10.2f}"
        )
    return lines


def median(figures: list[Figure], value: Callable[[Figure], float]) -> float:
    """The median of one of the figures."""
    return statistics.median(value(figure) for figure in figures)


def measure(docker: Engine, container: str, way: list[str], requests: int) -> Figure:
    """One round of one way."""
    docker("exec", container, "rm", "-f", LOG)
    options = [f"--requests={requests}", f"--clients={CLIENTS}", "--threads=1", f"--log-file={LOG}"]
    said = docker("exec", container, "h2load", *options, *way)
    return read(said, docker("exec", container, "cat", LOG), requests)


def prepare(docker: Engine, layout: Layout) -> str:
    """A host with the upstream, Caddy and h2load; returns its container."""
    depot.ensure(docker, layout, [images.host_recipe("debian13")], ("A",))
    beds.up(docker, layout, BED, [beds.Wanted(BED)])
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(layout.root / ".ansible" / "collections"),
        "ANSIBLE_PIPELINING": "true",
    }
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    subprocess.run([program, "-i", str(layout.inventory(BED)), str(PLAYBOOK)], env=environment, check=True)
    return layout.container(BED, BED)


def main() -> int:
    """Make the host, measure, remove it."""
    layout = here()
    docker = engine.ensure(layout)
    try:
        container = prepare(docker, layout)
        for way in WAYS.values():
            measure(docker, container, way, REQUESTS // 4)
        rounds: dict[str, list[Figure]] = {name: [] for name in WAYS}
        for _ in range(ROUNDS):
            for name, way in WAYS.items():
                rounds[name].append(measure(docker, container, way, REQUESTS))
    finally:
        beds.down(docker, layout, BED, [BED])
    print(f"{ROUNDS} rounds of {REQUESTS} requests, {CLIENTS} connections that are kept, {os.cpu_count()} cores")
    print("\n".join(table(rounds)))
    return 0
