# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people see: one aligned line per step with the seconds it took, and errors that name the cure."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

STEP_WIDTH = 68
HEARTBEAT_SECONDS = 15
SILENT_BELOW_SECONDS = 0.5


class HarnessError(Exception):
    """Something that the person at the keyboard can cure; shown without a traceback."""

    def __init__(self, fault: str, cure: str) -> None:
        """One clear sentence about what is wrong, and one about what to do."""
        super().__init__(fault)
        self.fault = fault
        self.cure = cure

    def __str__(self) -> str:
        """Both sentences."""
        return f"{self.fault}\n  cure: {self.cure}"


def say(text: str) -> None:
    """A line on standard error: standard output belongs to answers that scripts read."""
    sys.stderr.write(f"{text}\n")  # one write, so that lines of steps that run side by side stay whole
    sys.stderr.flush()


def line(text: str, seconds: float) -> str:
    """A step's text and time, aligned in columns."""
    return f"  {text:.<{STEP_WIDTH}} {seconds:6.1f} s"


@contextmanager
def step(text: str, *, always: bool = True) -> Iterator[None]:
    """Time a step; say every quarter of a minute that it still runs. ``always=False`` keeps quick steps silent."""
    start = time.monotonic()
    done = threading.Event()

    def heartbeat() -> None:
        while not done.wait(HEARTBEAT_SECONDS):
            say(line(f"{text}: still at it ", time.monotonic() - start))

    threading.Thread(target=heartbeat, daemon=True).start()
    try:
        yield
    except BaseException:
        say(line(f"{text}: FAILED ", time.monotonic() - start))
        raise
    finally:
        done.set()
    seconds = time.monotonic() - start
    if always or seconds >= SILENT_BELOW_SECONDS:
        say(line(f"{text} ", seconds))


def run(
    command: Sequence[str],
    *,
    data: bytes | None = None,
    log: Path | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    cure: str = "read the lines above: they are the end of that program's own output",
) -> str:
    """Run a program; return its standard output, or show the end of what it said and stop."""
    if shutil.which(command[0]) is None:
        raise HarnessError(f"there is no {command[0]} on this machine", "install it and try again")
    done = subprocess.run(
        command, input=data, stdin=None if data is not None else subprocess.DEVNULL, capture_output=True,
        env=environment, cwd=folder, check=False,
    )  # fmt: skip
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(done.stdout + done.stderr)
    if done.returncode:
        words = (done.stderr or done.stdout).decode(errors="replace").rstrip().splitlines()
        for words_line in words[-15:]:
            say(f"    | {words_line}")
        where = f" (all of it: {log})" if log else ""
        raise HarnessError(
            f"{Path(command[0]).name} {' '.join(command[1:4])} … ended with code {done.returncode}{where}", cure
        )
    return done.stdout.decode(errors="replace")


def show_end(file: Path, lines: int = 15) -> None:
    """Show the end of a log."""
    for text in file.read_text(encoding="utf-8", errors="replace").rstrip().splitlines()[-lines:]:
        say(f"    | {text}")


@contextmanager
def lock(file: Path) -> Iterator[None]:
    """Let one process at a time do what follows; the kernel drops the lock of a process that was killed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"  waiting for another run to finish ({file})")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
