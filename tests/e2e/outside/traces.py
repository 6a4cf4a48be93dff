# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""On a host of the instance: what can everybody on it read? Files, and the arguments of programs."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.e2e.outside.report import facts

# Nothing of ours writes larger text files; a database or an image is not text.
LARGEST = 20_000_000
# The kernel's own, and what packages brought: the rest is what somebody wrote.
SKIPPED = ("/proc", "/sys", "/dev", "/usr/bin", "/usr/lib", "/usr/libexec", "/usr/sbin", "/usr/share")


def world_readable(top: str) -> Iterator[Path]:
    """Yield every file that any user of the host can open: the directories above it count, too."""
    if not Path(top).stat().st_mode & stat.S_IXOTH:
        return
    for entry in os.scandir(top):
        if entry.path in SKIPPED or entry.is_symlink():
            continue
        if entry.is_dir():
            yield from world_readable(entry.path)
        elif entry.is_file():
            state = entry.stat()
            if state.st_mode & stat.S_IROTH and state.st_size <= LARGEST:
                yield Path(entry.path)


def arguments() -> set[str]:
    """Return what `ps -eo args` shows to everybody, read where it reads."""
    found = set()
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes() if folder.name.isdigit() else b""
        except OSError:  # it has ended in the meantime
            continue
        found.add(words.replace(b"\0", b" ").decode("utf-8", "replace").strip())
    return found


def watched(seconds: float) -> list[str]:
    """Return every argument list that was there at some moment of the next seconds."""
    end, seen = time.monotonic() + seconds, set[str]()
    while time.monotonic() < end:
        seen |= arguments()
        time.sleep(0.05)
    return sorted(seen - {""})


def main(config: dict[str, Any]) -> None:
    """Search files for forms of secrets, or watch arguments for a while."""
    if "seconds" in config:
        facts(arguments=watched(config["seconds"]))
        return
    forms = {name: [form.encode() for form in several] for name, several in config["forms"].items()}
    found, looked = [], 0
    for path in world_readable("/"):
        try:
            data = path.read_bytes()
        except OSError:  # it has gone in the meantime
            continue
        looked += 1
        found += [f"{name} in {path}" for name, several in forms.items() if any(form in data for form in several)]
    facts(found=found, looked=looked)
