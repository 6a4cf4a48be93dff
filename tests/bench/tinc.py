# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Throughput and round trips between two hosts: bare, over role tinc_vpn, and over a tinc that was set up by hand.

The hand's tinc has the same cipher and digest. Both hosts share the machine, so that each end has half of its cores at
best. Rounds are interleaved, because on a shared machine seconds drift; what counts is the median of the ratios. What a
daemon spends of the processor for each gigabyte does not depend on who else uses the machine.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.hosts import beds, depot, engine, images
from tests.hosts.engine import Engine
from tests.hosts.layout import Layout, here

BED = "bench_tinc"
HOSTS = ("near", "far")  # in this order they get .2 and .1: the playbook sorts
PLAYBOOK = Path(__file__).with_suffix(".yml")
ROUNDS, SECONDS, TRIPS = 5, 4, 300
WAYS: Mapping[str, str] = {"bare": "far.test", "by hand": "10.81.0.1", "role": "10.80.0.1"}
UNITS: Mapping[str, str] = {"bare": "", "by hand": "bench-hand.service", "role": "tinc@role.service"}
# What is asked for: of the hand's throughput, megabits a second, and milliseconds beside a bare round trip.
SHARE, RATE, DELAY = 0.95, 500.0, 1.0
PING = f"""
import socket, statistics, sys, time
c = socket.create_connection((sys.argv[1], 7001), timeout=5)
c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
times = []
for _ in range({TRIPS}):
    began = time.perf_counter()
    c.sendall(b"x")
    c.recv(64)
    times.append(time.perf_counter() - began)
print(statistics.median(times) * 1000)
"""


@dataclass(frozen=True)
class Figure:
    """What one round said."""

    rate: float  # megabits a second
    trip: float  # milliseconds
    cost: float = 0.0  # seconds of the processor for a gigabyte that is sent


def arrived(report: str) -> tuple[float, int]:
    """Megabits a second, and bytes in all, from iperf3's JSON."""
    received = json.loads(report)["end"]["sum_received"]
    return received["bits_per_second"] / 1e6, received["bytes"]


def table(rounds: Mapping[str, list[Figure]]) -> list[str]:
    """The medians, and for the role those of each round's ratio and difference."""
    lines = [f"{'way':<10} {'Mbit/s':>9} {'trip ms':>9} {'CPU s/GB':>9}"]
    for way, figures in rounds.items():
        rate, trip, cost = (statistics.median(values) for values in zip(*((f.rate, f.trip, f.cost) for f in figures)))
        lines.append(f"{way:<10} {rate:>9.0f} {trip:>9.3f} {cost:>9.1f}")
    goals = {f"role / by hand >= {SHARE}": share(rounds) >= SHARE}
    goals[f"role >= {RATE:.0f} Mbit/s"] = statistics.median(figure.rate for figure in rounds["role"]) >= RATE
    goals[f"added round trip <= {DELAY} ms"] = added(rounds) <= DELAY
    lines.append(f"role / by hand: {share(rounds):.2f}, added round trip: {added(rounds):.3f} ms")
    return [*lines, *(f"{'reached' if reached else 'MISSED '} {goal}" for goal, reached in goals.items())]


def share(rounds: Mapping[str, list[Figure]]) -> float:
    """The role's throughput as a part of the hand's."""
    return statistics.median(own.rate / other.rate for own, other in zip(rounds["role"], rounds["by hand"]))


def added(rounds: Mapping[str, list[Figure]]) -> float:
    """Milliseconds that the role's net adds to a round trip."""
    return statistics.median(own.trip - other.trip for own, other in zip(rounds["role"], rounds["bare"]))


def spent(docker: Engine, container: str, unit: str) -> float:
    """Seconds of the processor that a unit's daemon has had."""
    if not unit:
        return 0.0
    pid = docker("exec", container, "systemctl", "show", "--property=MainPID", "--value", unit)
    fields = docker("exec", container, "cat", f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100  # the kernel's unit for this is a hundredth of a second


def measure(docker: Engine, container: str, way: str, seconds: int) -> Figure:
    """One round of one way."""
    address, before = WAYS[way], spent(docker, container, UNITS[way])
    report = docker("exec", container, "iperf3", "--client", address, "--time", str(seconds), "--json")
    rate, size = arrived(report)
    cost = (spent(docker, container, UNITS[way]) - before) / (size / 1e9)
    return Figure(rate, float(docker("exec", container, "python3", "-c", PING, address)), cost)


def settle(docker: Engine, container: str, address: str) -> None:
    """Wait until the way is open; tinc then needs half a minute to find the largest packet that passes."""
    for _ in range(60):
        if docker.answers("exec", container, "python3", "-c", PING, address):
            return
        time.sleep(1)
    raise SystemExit(f"{address} does not answer")


def prepare(docker: Engine, layout: Layout) -> str:
    """Two hosts on both nets; returns the container that measures."""
    depot.ensure(docker, layout, [images.host_recipe("debian13")], ("A",))
    beds.up(docker, layout, BED, [beds.Wanted(host) for host in HOSTS])
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(layout.root / ".ansible" / "collections"),
        "ANSIBLE_PIPELINING": "true",
    }
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    subprocess.run([program, "-i", str(layout.inventory(BED)), str(PLAYBOOK)], env=environment, check=True)
    return layout.container(BED, HOSTS[0])


def main() -> int:
    """Make the hosts, measure, remove them; a goal that is missed is said, and no failure of the measurement."""
    layout = here()
    docker = engine.ensure(layout)
    try:
        container = prepare(docker, layout)
        for address in WAYS.values():
            settle(docker, container, address)
        time.sleep(35)
        rounds: dict[str, list[Figure]] = {name: [] for name in WAYS}
        for _ in range(ROUNDS):
            for name, figures in rounds.items():
                figures.append(measure(docker, container, name, SECONDS))
    finally:
        beds.down(docker, layout, BED, list(HOSTS))
    load = os.getloadavg()[0]
    print(f"{ROUNDS} rounds of {SECONDS} s and {TRIPS} round trips, {os.cpu_count()} cores, load {load:.1f}")
    print("\n".join(table(rounds)))
    return 0
