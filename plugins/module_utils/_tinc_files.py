# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""tinc's files on a host, and what its daemons have read of them. PRIVATE to the collection.

Units note in /run when they have started and when they have loaded their files. Whatever is younger than such a note
has not been read yet, whoever wrote it and whenever he was killed.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

CONFIG = Path("/etc/tinc")
UNITS = Path("/etc/systemd/system")
BOOT = UNITS / "multi-user.target.wants"
RUN = Path("/run")
PROC = Path("/proc/sys")
GUARD = UNITS / "tinc-vpn-guard.service"
SYSCTL = Path("/etc/sysctl.d/60-tinc-vpn.conf")
# Read by tincd or its unit at the start only; everything else of a net is read by a reload as well.
AT_START = ("tinc.conf", "interface-up", "interface-down", "rsa_key.priv")
RELOADED = ("conf.d", "hosts")

_UNREACHABLE = re.compile(r"^unreachable (\S+)", re.M)
_SETTING = re.compile(r"^-?([a-z0-9_.]+) *= *(\S+)$", re.M)


@dataclass(frozen=True)
class Change:
    """A file that is not as it should be. None stands for a file that is not there."""

    path: Path
    before: Optional[str]
    after: Optional[str]
    mode: int = 0
    workshop: Optional[Path] = None  # where its new text is made, when not beside it

    def diff(self) -> dict[str, str]:
        """Return what changes, for people."""
        place = str(self.path)
        same = self.before == self.after
        return {
            "before_header": f"{place} (other owner or mode)" if same else place,
            "after_header": place,
            "before": self.before or "",
            "after": self.after or "",
        }


def differences(wanted: Mapping[Path, tuple[str, int]], exclusive: Iterable[Path]) -> list[Change]:
    """Return what has to change so that the files are there, and no others in some directories."""
    alone = list(exclusive)
    found: list[Change] = []
    for path, (text, mode) in wanted.items():
        # A temporary name in hosts/ would be the name of a peer.
        workshop = path.parent.parent if path.parent in alone else path.parent
        before = _read(path)
        if before != text or not _is_roots(path, mode):
            found.append(Change(path, before, text, mode, workshop))
    for directory in alone:
        entries = sorted(directory.iterdir()) if directory.is_dir() else []
        found += [Change(path, _read(path) or "", None) for path in entries if path not in wanted]
    return found


def apply(changes: Iterable[Change]) -> None:
    """Write and remove, each file in one step."""
    for change in changes:
        if change.after is None:
            change.path.unlink()
            continue
        change.path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        fresh = (change.workshop or change.path.parent) / f".{change.path.name}.new"
        with fresh.open("w", encoding="utf-8") as handle:
            handle.write(change.after)
            handle.flush()
            os.fchmod(handle.fileno(), change.mode)
            os.fchown(handle.fileno(), 0, 0)
            os.fsync(handle.fileno())
        fresh.replace(change.path)


class Daemon:
    """The daemon of one net, seen from outside."""

    def __init__(self, net: str) -> None:
        self.config = CONFIG / net
        self.unit = UNITS / f"tinc@{net}.service"
        self.boot_link = BOOT / self.unit.name
        self.started = _time(RUN / f"tinc-{net}" / "started")
        self.loaded = _time(RUN / f"tinc-{net}" / "loaded")

    def is_up(self) -> bool:
        """Tell whether it runs, and will after a boot."""
        return self.started > 0 and self.boot_link.is_symlink()

    def needs_restart(self, foreseen: Sequence[Path]) -> bool:
        """Tell whether it was started with older files; one that does not run needs a start instead."""
        read_once = [self.unit, *(self.config / name for name in AT_START)]
        return self.started > 0 and (_youngest(read_once) > self.started or any(path in foreseen for path in read_once))

    def needs_reload(self, foreseen: Sequence[Path]) -> bool:
        """Tell whether a reload is missing, and enough."""
        if self.started == 0 or self.needs_restart(foreseen):
            return False
        folders = [self.config / name for name in RELOADED]
        # A directory is as young as the last change of its list of names: a removed peer leaves no other trace.
        files = [path for folder in folders if folder.is_dir() for path in (folder, *folder.iterdir())]
        return _youngest(files) > self.loaded or any(path.parent in folders for path in foreseen)


def is_guarded(routes: str, networks: Iterable[str], foreseen: Sequence[Path]) -> bool:
    """Tell whether packets for the networks are refused when no daemon carries them, now and from the next boot on."""
    files = [GUARD, SYSCTL]
    if any(path in foreseen for path in files) or not (BOOT / GUARD.name).is_symlink():
        return False
    refused = [ipaddress.ip_network(word) for word in _UNREACHABLE.findall(routes) if word != "default"]
    settings = _SETTING.findall(_read(SYSCTL) or "")
    return (
        _youngest(files) <= _time(RUN / "tinc-vpn" / "guarded")
        and all(ipaddress.ip_network(network) in refused for network in networks)
        and all((_read(PROC / name.replace(".", "/")) or "").strip() == value for name, value in settings)
    )


def _read(path: Path) -> Optional[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _is_roots(path: Path, mode: int) -> bool:
    state = path.lstat()
    return (state.st_uid, state.st_gid, state.st_mode & 0o7777) == (0, 0, mode) and not path.is_symlink()


def _time(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _youngest(paths: Iterable[Path]) -> float:
    return max(map(_time, paths), default=0.0)
