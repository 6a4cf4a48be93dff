# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one of the collection's playbooks against the test bed and read what Ansible says about it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
# A scenario of a whole system, its test bed and the example inventory that it plays have the same name.
SYSTEM = os.environ.get("MOLECULE_SCENARIO_NAME", "one_host")
BED = ROOT / "build" / "hosts" / "beds" / SYSTEM
TESTBED = BED / "hosts.yml"
# An example inventory, unchanged, and over it what only the bed needs.
INVENTORY = ROOT / "inventories" / SYSTEM
_SOURCES = (INVENTORY, ROOT / "molecule" / SYSTEM / "bed.yml", TESTBED)
# Ansible says this, with -vvv, once for each module that it runs on a host.
MODULE_EXECUTION = re.compile(r"^(?:<[^>]+> )?Using module file ", re.MULTILINE)
RECAP = re.compile(r"^(?P<host>\S+)\s+: ok=\d+\s+changed=(?P<changed>\d+)\s+unreachable=\d+\s+failed=(?P<failed>\d+)")


@dataclass(frozen=True)
class Run:
    """What one run of a playbook came to."""

    code: int
    output: str
    seconds: float

    def changed(self) -> int:
        """Changed tasks of all hosts, from the recap."""
        return sum(int(match["changed"]) for match in map(RECAP.match, self.output.splitlines()) if match)

    def hosts(self) -> int:
        """How many hosts took part."""
        return sum(RECAP.match(line) is not None for line in self.output.splitlines())

    def executions(self) -> int:
        """Modules run on hosts; needs a run with -vvv."""
        return len(MODULE_EXECUTION.findall(self.output))


def command(playbook: str, *extra: str) -> list[str]:
    """The command line of an admin, with the test bed's inventory beside his own."""
    sources = [word for path in _SOURCES if path == TESTBED or path.exists() for word in ("-i", str(path))]
    return ["ansible-playbook", *sources, f"fediops.mastodon.{playbook}", *extra]


def run(playbook: str, *extra: str, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> Run:
    """Run a playbook to its end."""
    started = time.monotonic()
    done = subprocess.run(
        command(playbook, *extra),
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Run(done.returncode, done.stdout, time.monotonic() - started)


def describe() -> Path:
    """Write down what tests.e2e has to know about the instance, as build/demo.json does for the demo."""
    host = next(iter(yaml.safe_load(TESTBED.read_text())["all"]["hosts"]))
    about = ["describe", host, "--bed", BED.name, "--inventory", str(INVENTORY.relative_to(ROOT))]
    told = subprocess.run(
        [sys.executable, "-m", "tests.hosts", *about],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    path = BED / "instance.json"
    path.write_text(told.stdout)
    return path
