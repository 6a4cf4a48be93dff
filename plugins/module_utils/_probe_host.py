# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes of the host itself: disk, clock, services, versions. PRIVATE to the collection."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding, clean, fail, ok, warn
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, ProbeError


def disk(
    context: Context, *, paths: Sequence[str], warn_percent: float = 80, fail_percent: float = 92
) -> Iterator[Finding]:
    """Look at each file system that holds one of the paths; a path that is not there lives in its parent."""
    seen: set[int] = set()
    for path in paths:
        there = existing(Path(path))
        device = there.stat().st_dev
        if device not in seen:
            seen.add(device)
            yield judge_disk(str(there), os.statvfs(there), float(warn_percent), float(fail_percent))


def existing(path: Path) -> Path:
    """Return the path or the nearest of its parents that exists."""
    while not path.exists():
        path = path.parent
    return path


def judge_disk(path: str, facts: os.statvfs_result, warn_percent: float, fail_percent: float) -> Finding:
    """Judge bytes and inodes alike: either may run out first."""
    free = facts.f_bavail * facts.f_frsize
    usable = (facts.f_blocks - facts.f_bfree) * facts.f_frsize + free
    bytes_used = 100 * (1 - free / usable) if usable else 0.0
    inodes_used = 100 * (1 - facts.f_ffree / facts.f_files) if facts.f_files else 0.0
    detail = f"{bytes_used:.0f} % used, {free / 1e9:.1f} GB free"
    if inodes_used > warn_percent:
        detail += f", {inodes_used:.0f} % of inodes used"
    used, name, cure = max(bytes_used, inodes_used), f"Disk {path}", f"See what fills it: du -xh --max-depth 2 {path}"
    if used > fail_percent:
        return fail(detail, cure, name)
    return warn(detail, cure, name) if used > warn_percent else ok(detail, name)


def clock(
    context: Context, *, controller: float, warn_seconds: float = 15, fail_seconds: float = 60
) -> Iterator[Finding]:
    """Compare with the controller's clock. Carrying the question here takes seconds: smaller limits say nothing."""
    ahead = time.time() - float(controller)
    cure = "Let one time service run: systemctl status systemd-timesyncd"
    if abs(ahead) > float(fail_seconds):
        yield fail(f"{ahead:+.0f} s against the controller: logins with a second factor and S3 fail", cure)
    elif abs(ahead) > float(warn_seconds):
        yield warn(f"{ahead:+.0f} s against the controller", cure)
    else:
        yield ok("agrees with the controller")


def units(context: Context, *, active: Sequence[str]) -> Iterator[Finding]:
    """See that services run, and that none on this host has failed. Names may hold wildcards."""
    told = context.run(["systemctl", "list-units", "--all", "--plain", "--no-legend", "--no-pager", "--full"])
    states = {words[0]: words[2] for words in (line.split() for line in told.splitlines()) if len(words) >= 4}
    down = {}
    for wanted in active:
        found = {unit: state for unit, state in states.items() if fnmatchcase(unit, wanted)}
        down.update(
            {unit: state for unit, state in found.items() if state != "active"}
            if found
            else {wanted: "unknown to systemd"}
        )
    if down:
        first = min(down)
        yield fail(
            ", ".join(f"{unit} is {state}" for unit, state in down.items()),
            f"systemctl status {first}; journalctl -u {first}",
            "Services",
        )
    elif active:
        yield ok(f"active: {', '.join(unit.split('.')[0] for unit in active)}", "Services")
    failed = [unit for unit, state in states.items() if state == "failed" and unit not in down]
    if failed:
        yield warn(
            f"failed: {', '.join(failed)}",
            f"systemctl status {failed[0]}; systemctl reset-failed when it is solved",
            "Other services",
        )


def versions(
    context: Context, *, packages: Sequence[str] = (), programs: Mapping[str, Sequence[str]] | None = None
) -> Iterator[Finding]:
    """List what is installed: the first thing that anybody asks who is called for help."""
    found = []
    if packages:
        told = context.run(["dpkg-query", "-W", "-f", "${db:Status-Abbrev}|${Package}|${Version}\\n"])
        known = [line.split("|") for line in told.splitlines() if line.startswith("ii")]
        found += [
            f"{name} {version}" for wanted in packages for _state, name, version in known if fnmatchcase(name, wanted)
        ]
    for name, argv in (programs or {}).items():
        try:
            found.append(f"{name} {clean(context.run(list(argv)).strip().splitlines()[0], 60)}")
        except (ProbeError, IndexError):
            found.append(f"{name} says nothing")
    yield ok(", ".join(found) or "none of ours")
