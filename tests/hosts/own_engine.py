# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Docker engine of our own, for machines that run none.

It lives in a private mount and network namespace: the machine's mounts, iptables, nftables and net.* settings stay as
they are, and the engine reaches the internet through slirp4netns, a NAT in user land. Everything it ever writes is in
the cache folder and in one folder under /run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.hosts import leftovers, slirp
from tests.hosts.layout import Layout
from tests.hosts.progress import HarnessError, run, say, show_end, step

PACKAGES = {"dockerd": "docker.io", "slirp4netns": "slirp4netns", "iptables": "iptables", "ip": "iproute2"}
START_SECONDS = 60

# $1 data, $2 runtime folder. The engine sees cgroup v2 only, and a resolver that slirp4netns answers.
START = """
set -eu
mount --make-rprivate /
if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
  umount -R /sys/fs/cgroup
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi
echo 'nameserver 10.0.2.3' >"$2/resolv.conf"
mount --bind "$2/resolv.conf" "$(readlink -f /etc/resolv.conf)"
ip link set lo up
exec dockerd --data-root "$1" --exec-root "$2/exec" --pidfile "$2/docker.pid" -H "unix://$2/docker.sock" \
  --exec-opt native.cgroupdriver=cgroupfs --log-level warn
"""


def socket(layout: Layout) -> str:
    """Where our engine listens."""
    return f"unix://{layout.runtime}/docker.sock"


def data(layout: Layout) -> Path:
    """Where our engine keeps images, containers and volumes."""
    return layout.cache / "engine"


def log_file(layout: Layout) -> Path:
    """What our engine says."""
    return layout.cache / "engine.log"


def wait(ready: Callable[[], bool], seconds: float = START_SECONDS) -> bool:
    """Ask again and again until the answer is yes or the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ready():
            return True
        time.sleep(0.25)
    return ready()


def start(layout: Layout) -> None:
    """Install what is missing, clear away what a killed engine left, start the engine."""
    if os.geteuid() != 0 or sys.platform != "linux":
        raise HarnessError(
            "no Docker engine answers, and only root on Linux can start one of the harness's own",
            "start Docker and make sure that 'docker version' shows a server; or run this as root on Debian or Ubuntu",
        )
    install(PACKAGES)
    install({"docker": "docker-cli"})  # since Debian 13 a package of its own
    leftovers.end_engine(layout)
    layout.runtime.mkdir(mode=0o700, exist_ok=True)
    data(layout).mkdir(parents=True, exist_ok=True)
    with step("Start a Docker engine of our own"), log_file(layout).open("wb") as log:
        command = ["unshare", "--mount", "--net", "sh", "-c", START, "engine", str(data(layout)), str(layout.runtime)]
        # unshare and sh both exec, so this process id becomes dockerd's.
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/"
        )
        up = wait(lambda: Path(f"{layout.runtime}/docker.sock").exists() or process.poll() is not None)
        if not up or process.poll() is not None:
            show_end(log_file(layout), lines=5)
            raise HarnessError(
                "the Docker engine of our own ended before it listened",
                f"read {log_file(layout)}; inside an unprivileged container no engine can run: use a machine or a VM",
            )


def ensure_uplink(layout: Layout) -> None:
    """Make sure that our engine reaches the internet; slirp4netns may have been killed alone."""
    pid_file = layout.runtime / "docker.pid"
    if not slirp.answers(layout.runtime):
        slirp.start(layout.runtime, int(pid_file.read_text(encoding="ascii")))


def install(programs: dict[str, str]) -> None:
    """Install the Debian packages of programs that are missing, without letting any of their services start."""
    missing = sorted({package for program, package in programs.items() if shutil.which(program) is None})
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise HarnessError(f"missing on this machine: {', '.join(missing)}", "install these programs and try again")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "-q", "-y"]
    with step(f"Install {', '.join(missing)}"), services_stay_down():
        run([*apt, "update"], environment=environment)
        run([*apt, "install", "--no-install-recommends", *missing], environment=environment)
        units = ["docker.service", "docker.socket", "containerd.service"]
        if "docker.io" in missing and shutil.which("systemctl"):
            subprocess.run(["systemctl", "disable", *units], capture_output=True, check=False)


def name_packages() -> None:
    """Say which Debian packages stay, for they may serve others by now."""
    there = [package for program, package in {**PACKAGES, "mmdebstrap": "mmdebstrap"}.items() if shutil.which(program)]
    if there and shutil.which("apt-get"):
        say(f"  Debian packages that the harness uses stay installed: {' '.join(there)}")


class services_stay_down:  # noqa: N801 - reads as a phrase where it is used
    """Debian starts the services of what it installs; a policy-rc.d that says no keeps the machine as it was."""

    policy = Path("/usr/sbin/policy-rc.d")

    def __enter__(self) -> None:
        """Put the policy in place, unless the machine has one."""
        self.ours = not self.policy.exists()
        if self.ours:
            self.policy.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
            self.policy.chmod(0o755)

    def __exit__(self, *_exc: object) -> None:
        """Take our policy away again."""
        if self.ours:
            self.policy.unlink(missing_ok=True)
