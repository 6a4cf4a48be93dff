# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of the scenario's test bed: run commands in them, reboot them, and ask for the acceptance."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.system.runs import BED, ROOT, run

HOSTS = [sys.executable, "-m", "tests.hosts"]


def on(host: str, *command: str, check: bool = True, data: str | None = None, seconds: float = 120) -> str:
    """Run a command as root in a host; what it says comes back."""
    done = subprocess.run(
        [*HOSTS, "exec", host, "--bed", BED.name, "--", *command],
        cwd=ROOT,
        input=data,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
    if check and done.returncode:
        raise SystemExit(f"FAILED on {host}: {' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


def shell(host: str, script: str, *, check: bool = True, seconds: float = 120) -> str:
    """Run a shell script as root in a host."""
    return on(host, "sh", "-euc", script, check=check, seconds=seconds)


def reboot(host: str) -> None:
    """Reboot a host and wait until systemd says that all runs."""
    subprocess.run([*HOSTS, "reboot", host, "--bed", BED.name], cwd=ROOT, check=True)


def until(ready: Callable[[], bool], seconds: float) -> float | None:
    """Ask every half second; how long it took, or None when it was not true in time."""
    began = time.monotonic()
    while not ready():
        if time.monotonic() - began > seconds:
            return None
        time.sleep(0.5)
    return time.monotonic() - began


def shown(took: float | None) -> str:
    """A time for people."""
    return "no time at all, as it never came" if took is None else f"{took:.1f} s"


def site(*extra: str) -> None:
    """Run site.yml, which must succeed."""
    done = run("site", *extra)
    if done.code:
        raise SystemExit(f"FAILED: site.yml {' '.join(extra)}\n{done.output[-6000:]}")


def red_rows(*extra: str) -> list[str]:
    """Run check.yml; the rows that are red."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.json"
        done = run("check", "-e", f"check_json={file}", *extra)
        if not file.exists():
            raise SystemExit(f"FAILED: check.yml wrote no table\n{done.output[-6000:]}")
        rows: list[dict[str, Any]] = json.loads(file.read_text())["rows"]
    red = [f"{row['host']}: {row['name']}: {row['detail']}" for row in rows if row["status"] == "fail"]
    if bool(red) != bool(done.code):
        raise SystemExit(f"FAILED: check.yml ended with {done.code}, and its red rows are {red}")
    return red


def insist(good: bool, text: str) -> None:
    """Print a line; stop when it is not true."""
    print(f"{'passed' if good else 'FAILED'}  {text}", flush=True)
    if not good:
        raise SystemExit(1)


def well(after: str, seconds: float = 90) -> None:
    """The acceptance must be green, without a hand, within some seconds."""
    rows: list[str] = []

    def green() -> bool:
        rows[:] = red_rows()
        return not rows

    took = until(green, seconds)
    insist(took is not None, f"all well after {after}{'' if took is not None else ': ' + '; '.join(rows)}")
