# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.system.firewall_kill`: the controller dies right after it has loaded firewall rules.

What happens on the host is seen from its console: ssh may be cut off.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from tests.system.runs import ROOT, TESTBED

TOKEN = "/run/nft_table/fediops/token"
SECONDS = 15
WAIT = "for i in $(seq 600); do {until} && exit; sleep 0.05; done"
PLAY = ["ansible-playbook", "-i", str(TESTBED), "molecule/firewall/cutoff.yml"]


def console(script: str) -> str:
    """Run a script on the host; an error is an empty answer."""
    command = [sys.executable, "-m", "tests.hosts", "exec", "firewall", "--bed", "firewall", "--", "sh", "-c", script]
    return subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False
    ).stdout


def table() -> str:
    """What applies, and what will be loaded at boot."""
    return console("nft -s list table inet fediops; sha256sum /etc/fediops-firewall.nft")


def killed(*variables: str) -> bool:
    """Load rules and kill the controller when the host has them; tell whether nobody has confirmed them yet."""
    extra = [word for variable in variables for word in ("-e", variable)]
    process = subprocess.Popen(
        [*PLAY, "-e", f"seconds={SECONDS}", *extra], cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True
    )
    # One look that lasts: a look of its own for each moment would come too late.
    mark = variables[0].partition("=")[2]
    console(WAIT.format(until=f"[ -e {TOKEN} ] && nft list table inet fediops | grep -q {mark}"))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return console(f"cat {TOKEN}") != ""


def host_goes_back() -> None:
    """Rules that shut the door, and a controller that is gone: the host is on its own."""
    before = table()
    assert "tcp dport 22" in before
    assert killed("mark=first", "only=nowhere0"), "the door was shut, and yet somebody came in"
    begun = time.monotonic()
    assert table() != before
    console(WAIT.format(until=f"[ ! -e {TOKEN} ]"))
    seconds = time.monotonic() - begun
    assert table() == before, "the host has not gone back to what was there"
    assert seconds <= SECONDS + 2, f"it took {seconds:.1f} s"
    print(f"the host went back by itself, {seconds:.1f} s after the controller was killed")


def next_run_finishes() -> None:
    """Good rules, and a controller that died before it said so: the next run does, and no old timer undoes it."""
    marks = [f"second{number}" for number in range(5)]
    assert any(killed(f"mark={mark}") for mark in marks), "every run was too fast to be killed in time"
    subprocess.run([*PLAY, "-e", "mark=third"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    after = table()
    assert "third" in after
    assert "third" in console("cat /etc/fediops-firewall.nft")
    time.sleep(SECONDS + 1)
    assert table() == after, "the timer of the killed run has undone what a later run had confirmed"
    print("the next run has finished what the killed one began")


if __name__ == "__main__":
    host_goes_back()
    next_run_finishes()
