# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engine of ours leaves behind when it is killed, and how to clear it away by process id, never by name.

A SIGKILL of dockerd leaves its containers running under their shims, in namespaces that nobody can enter again. They
are found by what is certain to be ours: a command line that names our runtime folder, or the cgroup of one of our
containers.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from tests.hosts.layout import Layout

CONTAINER_CGROUP = re.compile(r"/docker/([0-9a-f]{64})(?:/|$)", re.MULTILINE)


def cgroup_containers(cgroup: str) -> set[str]:
    """The container ids that a /proc/PID/cgroup names."""
    return set(CONTAINER_CGROUP.findall(cgroup))


def _read(file: Path) -> str:
    try:
        return file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def processes(runtime: Path, containers: Iterable[str], proc: Path = Path("/proc")) -> set[int]:
    """Processes of the engine whose sockets are in ``runtime`` and of its containers."""
    ours = set(containers)
    found = set()
    for folder in proc.iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        # A trailing slash, so that a person who merely reads one of these files with an editor is not meant ...
        engine = f"{runtime}/" in _read(folder / "cmdline") and _is_engine_program(_read(folder / "comm"))
        if engine or cgroup_containers(_read(folder / "cgroup")) & ours:
            found.add(int(folder.name))
    return found


def _is_engine_program(comm: str) -> bool:
    # ... and of all programs that name our folder, only these: comm is cut to 15 characters by the kernel.
    return comm.strip() in {"dockerd", "containerd", "containerd-shim", "docker-proxy", "runc", "slirp4netns"}


def end(pids: Iterable[int], runtime: Path, containers: Iterable[str]) -> None:
    """Kill these processes and wait until the kernel has let go of their namespaces and mounts."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    containers = set(containers)
    deadline = time.monotonic() + 20
    while processes(runtime, containers) and time.monotonic() < deadline:
        time.sleep(0.1)


def end_engine(layout: Layout) -> None:
    """End all that is left of an engine of ours; its images, containers and volumes stay."""
    folder = layout.cache / "engine" / "containers"
    containers = {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
    pids = processes(layout.runtime, containers)
    if pids:
        end(pids, layout.runtime, containers)
    if layout.runtime.exists():
        unmount_below(layout.runtime)
        shutil.rmtree(layout.runtime)
    unmount_below(layout.cache)
    remove_cgroups(containers)


def mounts_below(folder: Path, mountinfo: str) -> list[str]:
    """Mount points in or below a folder, the deepest first, from the text of /proc/self/mountinfo."""
    points = [fields[4].replace("\\040", " ") for fields in (text.split() for text in mountinfo.splitlines())]
    inside = [point for point in points if point == str(folder) or point.startswith(f"{folder}/")]
    return sorted(inside, key=len, reverse=True)


def unmount_below(folder: Path) -> None:
    """Unmount whatever is mounted in a folder, so that nobody deletes through a mount."""
    for point in mounts_below(folder, Path("/proc/self/mountinfo").read_text(encoding="utf-8")):
        subprocess.run(["umount", "--lazy", point], capture_output=True, check=False)


def remove_cgroups(containers: Iterable[str]) -> None:
    """Remove the empty cgroups of containers that were killed; the kernel refuses to remove one that is in use."""
    for root in (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified")):
        for container in containers:
            folder = root / "docker" / container
            for path in sorted(folder.rglob("*/"), key=lambda path: len(path.parts), reverse=True):
                with contextlib.suppress(OSError):
                    path.rmdir()
            with contextlib.suppress(OSError):
                folder.rmdir()
        with contextlib.suppress(OSError):
            (root / "docker").rmdir()
