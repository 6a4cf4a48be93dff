# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a move on its host, and the unit that copies. PRIVATE to the collection."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable

DIRECTORY = Path("/var/lib/fediops/media-move")
UNIT = "media-move.service"
UNIT_FILE = Path("/etc/systemd/system") / UNIT
SYSTEM_CA = Path("/etc/ssl/certs/ca-certificates.crt")
Run = Callable[[Sequence[str]], "tuple[int, str]"]


class Desk:
    """Every file is written beside its place first, and is root's alone."""

    def __init__(self, run: Run, directory: Path = DIRECTORY, unit_file: Path = UNIT_FILE) -> None:
        """Remember where things are; nothing is made yet."""
        self._run = run
        self.directory = directory
        self._unit_file = unit_file
        self._lock: int | None = None

    def open(self, patience: float) -> bool:
        """Make the directory, and let nobody else work there; tell whether that was possible in so many seconds."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o700)
        self._lock = os.open(self.directory / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        end = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except OSError:
                if time.monotonic() > end:
                    return False
                time.sleep(0.2)

    def path(self, name: str) -> Path:
        """Return where a file is."""
        return self.directory / name

    def write(self, name: str, text: str) -> Path:
        """Write a file that nobody ever sees half."""
        return _replace(self.path(name), text, 0o600)

    def read(self, name: str) -> str:
        """Return the text of a file, empty when there is none."""
        try:
            return self.path(name).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def tail(self, name: str, size: int = 65536) -> str:
        """Return the end of a file that may be long."""
        try:
            with self.path(name).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - size))
                return file.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def record(self) -> dict[str, Any]:
        """Return the state of the move, empty when it has not begun."""
        text = self.read("state.json")
        found: dict[str, Any] = json.loads(text) if text else {}
        return found

    def save(self, record: dict[str, Any]) -> None:
        """Write the state down."""
        self.write("state.json", json.dumps(record, indent=1, sort_keys=True) + "\n")

    def certificates(self, texts: Sequence[str]) -> str:
        """Write the certificates that some places are known by, with those of the system; return the file, or none."""
        if not any(texts):
            return ""
        system = SYSTEM_CA.read_text(encoding="utf-8") if SYSTEM_CA.exists() else ""
        return str(self.write("ca.pem", "\n".join([system, *dict.fromkeys(filter(None, texts))]) + "\n"))

    def clear_job(self) -> None:
        """Remove what the last job has left."""
        for path in self.directory.glob("job*"):
            path.unlink()

    def start(self, unit: str) -> None:
        """Start the unit, also after the next boot."""
        if not self._unit_file.exists() or self._unit_file.read_text(encoding="utf-8") != unit:
            _replace(self._unit_file, unit, 0o644)
        self._systemctl("daemon-reload")
        self._run(["systemctl", "reset-failed", UNIT])  # it may not be known yet
        self._systemctl("enable", "--quiet", UNIT)
        self._systemctl("start", "--no-block", UNIT)

    def running(self) -> bool:
        """Tell whether the unit is at work, or is about to try again."""
        _rc, said = self._run(["systemctl", "show", "--property=ActiveState", "--value", UNIT])
        return said.strip() in ("activating", "active", "reloading", "deactivating")

    def tidy(self) -> bool:
        """Remove the unit, the keys and the lists; tell whether there was anything."""
        found = [path for name in ("rclone.conf", "ca.pem") if (path := self.path(name)).exists()]
        found += list(self.directory.glob("job*"))
        for path in found:
            path.unlink()
        if self._unit_file.exists():
            self._run(["systemctl", "disable", "--quiet", "--now", UNIT])
            self._unit_file.unlink()
            self._systemctl("daemon-reload")
            return True
        return bool(found)

    def _systemctl(self, *words: str) -> None:
        code, said = self._run(["systemctl", *words])
        if code:
            raise OSError(f"systemctl {' '.join(words)}: {said.strip()}")


def _replace(path: Path, text: str, mode: int) -> Path:
    new = path.with_name(path.name + ".new")
    handle = os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
    return path
