# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.system.kill [POINTS]`: SIGKILL the first site.yml run of a host again and again.

Before that an installation of one of its packages is killed on the host, as by a power cut, so that apt refuses to
work.
Each run starts where the last one was killed and gets a little further. Afterwards the secrets must still be those
of the first run; that a normal run converges is then shown by the scenario's converge and verify.

These are the runs that create everything, so they are also the ones that could give a secret away: they are as
talkative as Ansible can be, their output and their fact cache are kept, and so are the arguments of all programs that
run meanwhile. tests.system.leaks searches all of it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import yaml

from tests.system.runs import BED, ROOT, TESTBED, command, describe

FOLDER = BED / "first-run"
FACT_CACHE = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(FOLDER / "facts")}
WATCH_SECONDS = 150
# dpkg tells its logger what it does; this one listens for a while and kills it.
INTERRUPTED_INSTALL = """
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq --option='Dpkg::Options::=--status-logger=head -n 6 >/dev/null; kill -KILL $PPID' install redis-server
! apt-get -qq install redis-server
"""
TASK = re.compile(r"^(TASK|RUNNING HANDLER) \[")


def secrets_file() -> Path:
    """Where the test bed keeps the instance's secrets."""
    return Path(yaml.safe_load(TESTBED.read_text())["all"]["vars"]["instance_secrets_file"])


def fingerprint() -> str | None:
    """A hash of the store, None while there is none."""
    path = secrets_file()
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


def count_tasks() -> int:
    """How many tasks site.yml has at most."""
    listed = subprocess.run(command("site", "--list-tasks"), cwd=ROOT, capture_output=True, text=True, check=True)
    return sum("TAGS:" in line and not line.lstrip().startswith("play #") for line in listed.stdout.splitlines())


def interrupt_dpkg() -> str:
    """Kill dpkg while it unpacks; return what apt says of any further installation."""
    on_host = [sys.executable, "-m", "tests.hosts", "exec", "fedi", "--bed", BED.name, "--", "sh", "-c"]
    done = subprocess.run(
        [*on_host, INTERRUPTED_INSTALL], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    last = (done.stderr.strip() or "nothing").splitlines()[-1]
    if done.returncode != 0 or "dpkg was interrupted" not in last:
        raise SystemExit(f"FAILED: dpkg was to be interrupted, but apt says: {last}")
    return last


def run_until(task: int) -> tuple[bool, str]:
    """Run site.yml and kill it, children and all, when it begins its task number `task`.

    Returns whether it was killed (it may have ended before) and the name of the task that was cut off.
    """
    process = subprocess.Popen(
        command("site", "-vvv", "--diff"),
        cwd=ROOT,
        env={**os.environ, **FACT_CACHE},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    seen = 0
    log = (FOLDER / f"site-{task}.log").open("w")
    for line in process.stdout:
        log.write(line)
        if TASK.match(line):
            seen += 1
            if seen == task:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                log.close()
                return True, line.strip(" *\n")
    log.close()
    if process.wait() != 0:
        raise SystemExit(f"site.yml failed by itself before its task {task}")
    return False, ""


def main() -> int:
    """Kill at evenly spread points; report each; compare the secrets."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    print(interrupt_dpkg(), flush=True)
    watcher: subprocess.Popen[bytes] | None = None
    points = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    total = count_tasks()
    first: str | None = None
    for point in range(1, points + 1):
        task = max(2, total * point // (points + 1))
        killed, name = run_until(task)
        now = fingerprint()
        first = first or now
        print(f"kill {point:2}/{points}: {'at ' + name if killed else 'came too late'}", flush=True)
        if now != first:
            print("FAILED: the secrets are not those of the first run")
            return 1
        if not killed:
            print(f"FAILED: the run had ended before its task {task}, so that this point has not been tried")
            return 1
        if watcher is None and now is not None:
            e2e = [sys.executable, "-m", "tests.e2e", "--demo", str(describe())]
            watcher = subprocess.Popen(
                [*e2e, "watch", "--seconds", str(WATCH_SECONDS), str(FOLDER)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
    if watcher is None or watcher.wait() != 0:
        print("FAILED: the programs' arguments could not be watched")
        return 1
    print(f"the secrets are those of the first run ({(first or 'none yet')[:12]})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
