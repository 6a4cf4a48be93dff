# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run commands one after the other, keep their output in files, and count what passed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
BIN = ROOT / ".venv" / "bin"
TAIL_LINES = 60


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of every step: this checkout's tools and its collection, no colours in logs."""
    return {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections"),
        "ANSIBLE_NOCOLOR": "1",
        "NO_COLOR": "1",
        **(extra or {}),
    }


@dataclass(frozen=True)
class Step:
    """One command; a step that writes a JUnit file counts as the tests in it, any other as one."""

    name: str
    argv: Sequence[str]
    cwd: Path = ROOT
    env: Mapping[str, str] = field(default_factory=dict)
    junit: Path | None = None


@dataclass
class Tally:
    """What passed and what failed so far."""

    passed: int = 0
    failed: int = 0

    def add(self, ok: bool) -> bool:
        """Count one test; give its result back."""
        if ok:
            self.passed += 1
        else:
            self.failed += 1
        return ok

    def include(self, other: Tally) -> None:
        """Add what was counted by somebody who ran beside us."""
        self.passed += other.passed
        self.failed += other.failed

    def line(self) -> str:
        """The closing line that people and CI read."""
        return f"{self.passed} passed, {self.failed} failed"


def _count_junit(path: Path, ok: bool, tally: Tally) -> None:
    """Add the tests of a JUnit file; a run that broke before its first test is one failure."""
    passed = failed = 0
    if path.exists():
        for suite in ET.parse(path).getroot().iter("testsuite"):
            bad = sum(int(suite.get(key, "0")) for key in ("failures", "errors", "skipped"))
            failed += bad
            passed += int(suite.get("tests", "0")) - bad
    if (not ok and failed == 0) or passed + failed == 0:
        failed += 1
    tally.passed += passed
    tally.failed += failed


def run(step: Step, tally: Tally, *, live: bool = False) -> bool:
    """Run one step, its output into build/logs; the end of a failed step's log is shown."""
    log = BUILD / "logs" / f"{step.name.replace(' ', '-').replace('/', '-')}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    if step.junit:
        step.junit.parent.mkdir(parents=True, exist_ok=True)
        step.junit.unlink(missing_ok=True)
    started = time.monotonic()
    if live:
        ok = subprocess.run(step.argv, cwd=step.cwd, env=environment(step.env), check=False).returncode == 0
    else:
        with log.open("wb") as out:
            ok = (
                subprocess.run(
                    step.argv,
                    cwd=step.cwd,
                    env=environment(step.env),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    check=False,
                ).returncode
                == 0
            )
    seconds = time.monotonic() - started
    said = [f"{'ok    ' if ok else 'FAILED'} {step.name:<44} {seconds:6.1f} s"]
    if not ok and not live:
        lines = log.read_text(errors="replace").splitlines()
        said += [f"       | {line}" for line in lines[-TAIL_LINES:]]
        said += [f"       all of it: {log.relative_to(ROOT)}"]
    # In one piece: steps may run beside each other.
    print("\n".join(said), flush=True)
    if step.junit:
        _count_junit(step.junit, ok, tally)
    else:
        tally.add(ok)
    return ok


def run_all(steps: Iterable[Step], tally: Tally) -> None:
    """Run steps one after the other, whatever becomes of those before."""
    for step in steps:
        run(step, tally)


def finish(tally: Tally) -> int:
    """Print the closing line; the exit code says whether all is well and anything ran at all."""
    sys.stdout.flush()
    print(tally.line(), flush=True)
    return 0 if tally.failed == 0 and tally.passed > 0 else 1
