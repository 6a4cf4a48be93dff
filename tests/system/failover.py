# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.system.failover VICTIM`: kill an app host of a scenario while visitors come through the edge.

The host goes like a machine whose power fails: no process of it says goodbye, and its address answers no more. What
the edge has just sent there is lost. After the interval in which it must have noticed, nothing may fail any more, and
whatever was posted must have been worked on.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import Any

from tests.e2e import demo, ship
from tests.e2e.demo import Demo
from tests.system.runs import BED, ROOT, describe

SECONDS = 75
BEFORE = 20
# The edge asks each host every 5 seconds and waits 3 for an answer; it gives a connection up after 3.
INTERVAL = 10.0


def kill(instance: Demo, victim: str, at: float, killed: list[float]) -> None:
    """Kill a host's container at a time, and note when that was."""
    time.sleep(max(0.0, at - time.time()))
    container = next(host.container for host in instance.hosts if host.name == victim)
    killed.append(time.time())
    subprocess.run(["docker", "-H", instance.engine_socket, "kill", container], check=True, capture_output=True)


def load(instance: Demo, victim: str) -> tuple[dict[str, Any], float]:
    """Return what the visitors saw, and when the host was killed."""
    config = {"url": f"https://{instance.domain}", "host": instance.domain, "port": 443, "ca": instance.ca,
              "email": instance.email, "password": instance.secrets["owner_password"], "seconds": SECONDS}  # fmt: skip
    seen: dict[str, Any] = {}
    killed: list[float] = []
    killer: threading.Thread | None = None
    for report in ship.run(instance.outside(), "load", config):
        seen.update(report.get("facts", {"broken": report}))
        if killer is None and "began" in seen:
            killer = threading.Thread(target=kill, args=(instance, victim, seen["began"] + BEFORE, killed))
            killer.start()
    if killer is not None:
        killer.join()
    if not killed or "broken" in seen or "asked" not in seen:
        raise SystemExit(f"the visitors did not get to their end: {seen}")
    return seen, killed[0]


def judge(seen: dict[str, Any], killed: float) -> list[str]:
    """Say what is wrong with what the visitors saw."""
    faults = [
        f"{failure['began'] - killed:+.1f} s after the kill: {failure['what']}"
        for failure in seen["failures"]
        if failure["began"] > killed + INTERVAL or failure["began"] + failure["lasted"] < killed
    ]
    if seen["lost"]:
        faults.append(f"{len(seen['lost'])} of {len(seen['posted'])} posts never arrived: {seen['lost'][:5]}")
    # Else nothing would have been shown.
    if len(seen["posted"]) < SECONDS / 3 or seen["asked"] < 2 * SECONDS:
        faults.append(f"only {seen['asked']} requests and {len(seen['posted'])} posts got through in {SECONDS} s")
    return faults


def hosts(*arguments: str) -> str:
    """Call tests.hosts, and return what it prints."""
    argv = [sys.executable, "-m", "tests.hosts", *arguments]
    done = subprocess.run(argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def main() -> int:
    """Kill it, judge, and bring it back."""
    victim = sys.argv[1]
    seen, killed = load(demo.load(describe()), victim)
    within = [failure for failure in seen["failures"] if failure["began"] <= killed + INTERVAL]
    for failure in seen["failures"]:
        print(f"{failure['began'] - killed:+6.1f} s, lasted {failure['lasted']:4.1f} s: {failure['what']}")
    print(
        f"{victim} killed: {seen['asked']} requests in {SECONDS} s, {len(within)} failed within {INTERVAL:.0f} s and "
        f"{len(seen['failures']) - len(within)} later; {len(seen['posted'])} posts, {len(seen['lost'])} lost"
    )
    faults = judge(seen, killed)
    hosts("reboot", "--bed", BED.name, victim)
    # A host that the edge never used could die unnoticed.
    logs = "docker compose --project-directory /etc/mastodon logs web | grep -c /api/v1/timelines || true"
    served = int(hosts("exec", "--bed", BED.name, victim, "--", "sh", "-c", logs))
    print(f"{victim} had answered {served} of them")
    if served == 0:
        faults.append(f"{victim} had not been used at all")
    print("\n".join(faults) or "the edge has gone on without it")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
