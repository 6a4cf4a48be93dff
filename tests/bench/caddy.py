# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests per second through Caddy, as role caddy sets it up, against its upstream alone, and against plain Caddy.

Plain is the shortest configuration that does the same, TLS and one upstream: what ours costs beside it is a log without
tokens, compression, error pages and looks at the upstream's health. One host does everything, so that the ratio is that
of the work and not of a network. The upstream is an nginx that answers 2 KB out of memory: whatever an app costs beside
that makes the front's share smaller than what is shown here. Rounds are interleaved, because on a shared machine
seconds drift; what counts is the median of the ratios.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
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
OURS, PLAIN = "caddy.service", "plain-caddy.service"


@dataclass(frozen=True)
class Way:
    """How requests go, through which unit, and the way to compare with."""

    name: str
    options: tuple[str, ...]
    unit: str = "nginx.service"
    plain: str = ""


def through(port: int, *options: str, host: str = "mastodon.localhost") -> tuple[str, ...]:
    """Options for h2load: to a front on this host."""
    return *options, f"--connect-to=127.0.0.1:{port}", f"https://{host}:{port}/bench"


WAYS = (
    Way("upstream alone, http/1.1", ("--h1", "http://127.0.0.1:3000/bench")),
    Way("plain Caddy, https/1.1", through(8443, "--h1"), PLAIN),
    Way("our Caddy, https/1.1", through(443, "--h1"), OURS, "plain Caddy, https/1.1"),
    Way("plain Caddy, h2", through(8443), PLAIN),
    Way("the same with a log, h2", through(8443, host="logged.localhost"), PLAIN, "plain Caddy, h2"),
    Way("our Caddy, h2", through(443), OURS, "plain Caddy, h2"),
)


@dataclass(frozen=True)
class Figure:
    """What one round said."""

    rate: float
    p95: float  # milliseconds
    work: float = 0.0  # microseconds of a processor that the unit took for a request: steady where others work, too


def read(said: str, log: str, requests: int) -> Figure:
    """Take the figures out of what h2load printed and logged; every request must have succeeded."""
    rate, succeeded = RATE.search(said), SUCCEEDED.search(said)
    times = sorted(int(line.split("\t")[2]) for line in log.splitlines())
    codes = {line.split("\t")[1] for line in log.splitlines()}
    if rate is None or succeeded is None or (int(succeeded[1]), int(succeeded[2])) != (requests, 0) or codes != {"200"}:
        raise SystemExit(f"not every request succeeded: {sorted(codes)}\n{said}")
    return Figure(float(rate[1]), times[int(len(times) * 0.95)] / 1000)


def table(rounds: Mapping[str, list[Figure]], ways: Sequence[Way] = WAYS) -> list[str]:
    """The medians; each round's ratio to the first way, and to the plain way of the same kind."""
    base = rounds[ways[0].name]
    lines = [
        f"{'way':<26} {'req/s':>8} {'p95 ms':>8} {'us of work':>11} {'of first':>12} {'of plain':>9} {'its work':>9}"
    ]
    for way in ways:
        figures = rounds[way.name]
        words = (
            f"{way.name:<26} {median(figures, lambda figure: figure.rate):>8.0f} "
            f"{median(figures, lambda figure: figure.p95):>8.2f} {median(figures, lambda figure: figure.work):>11.0f} "
            f"{ratio(figures, base, lambda figure: figure.rate):>12.2f}"
        )
        if way.plain:
            plain = rounds[way.plain]
            words += f" {ratio(figures, plain, lambda figure: figure.rate):>9.2f}"
            words += f" {ratio(figures, plain, lambda figure: figure.work):>9.2f}"
        lines.append(words)
    return lines


def ratio(figures: list[Figure], others: list[Figure], value: Callable[[Figure], float]) -> float:
    """The median of the ratios of the same round."""
    return statistics.median(value(own) / value(other) for own, other in zip(figures, others))


def median(figures: list[Figure], value: Callable[[Figure], float]) -> float:
    """The median of one of the figures."""
    return statistics.median(value(figure) for figure in figures)


def worked(docker: Engine, container: str, unit: str) -> float:
    """Microseconds that a unit has worked."""
    return int(docker("exec", container, "systemctl", "show", "--value", "--property=CPUUsageNSec", unit)) / 1000


def measure(docker: Engine, container: str, way: Way, requests: int) -> Figure:
    """One round of one way."""
    docker("exec", container, "rm", "-f", LOG)
    options = [f"--requests={requests}", f"--clients={CLIENTS}", "--threads=1", f"--log-file={LOG}"]
    before = worked(docker, container, way.unit)
    said = docker("exec", container, "h2load", *options, *way.options)
    work = (worked(docker, container, way.unit) - before) / requests
    return replace(read(said, docker("exec", container, "cat", LOG), requests), work=work)


def interleaved(docker: Engine, container: str, ways: Sequence[Way], requests: int) -> dict[str, list[Figure]]:
    """A short round of each way that does not count, and then all of them."""
    for way in ways:
        measure(docker, container, way, requests // 4)
    rounds: dict[str, list[Figure]] = {way.name: [] for way in ways}
    for _ in range(ROUNDS):
        for way in ways:
            rounds[way.name].append(measure(docker, container, way, requests))
    return rounds


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
        rounds = interleaved(docker, container, WAYS, REQUESTS)
    finally:
        beds.down(docker, layout, BED, [BED])
    print(f"{ROUNDS} rounds of {REQUESTS} requests, {CLIENTS} connections that are kept, {os.cpu_count()} cores")
    print("\n".join(table(rounds)))
    return 0
