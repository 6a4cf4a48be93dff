# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.system.rolling follower | upgrade`: who touches the database of scenario scale_out.

`follower` is the first run of an instance, without its leader: nothing may be started on a database that is empty.
`upgrade` goes from one release to the next with a follower alone, with a leader that is killed in the middle of its
migrations, without one of the followers, and at last with all of them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

from tests.standin.images import RELEASES
from tests.system.runs import BED, ROOT, Run, command, run

OLD, NEW = (f"v{RELEASES[name].version}" for name in ("A", "B"))
NEXT = ("-e", f"mastodon_version={RELEASES['B'].version}")
AGREED = ("-e", "mastodon_upgrade=true")
PAGES = ("app1", "app2", "app3")
HOSTS = (*PAGES, "jobs")
# Dropped by the migrations that the old release could not live with.
COLUMN = "SELECT count(*) FROM information_schema.columns WHERE table_name = 'statuses' AND column_name = 'language'"


def on(host: str, *argv: str) -> str:
    """What a command prints on a host."""
    hosts = [sys.executable, "-m", "tests.hosts", "exec", host, "--bed", BED.name, "--", *argv]
    done = subprocess.run(hosts, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    return done.stdout


def releases(host: str) -> set[str]:
    """The releases of the services that run on a host; the migration of a run that was killed goes on, and is none."""
    services = "label=com.docker.compose.oneoff=False"
    images = on(host, "docker", "ps", "--filter", services, "--format", "{{.Image}}").split()
    return {image.rpartition(":")[2] for image in images}


def remembered(host: str) -> tuple[str, str]:
    """What the role remembers: how far the database is, and the release."""
    state = json.loads(on(host, "cat", "/var/lib/mastodon/state.json"))
    return state["database"], state["image"].rpartition(":")[2]


def old_column() -> bool:
    """Whether the last migrations have not been run."""
    psql = ["runuser", "-u", "postgres", "--", "psql", "-At", "-d", "mastodon_production", "-c", COLUMN]
    return on("data", *psql).strip() == "1"


def expect(name: str, good: bool, found: object) -> None:
    """Go on only if it is as it should be."""
    print(f"{'ok    ' if good else 'FAILED'} {name}: {found}", flush=True)
    if not good:
        raise SystemExit(1)


def refused(name: str, done: Run, *reasons: str) -> None:
    """A run must have been refused for these reasons."""
    text = " ".join(done.output.split())
    missing = [reason for reason in reasons if reason not in text]
    if done.code == 0 or missing:
        print(done.output[-6000:])
    expect(name, done.code != 0 and not missing, missing or f"refused after {done.seconds:.0f} s")


def succeeded(name: str, done: Run) -> None:
    """A run must have come to its end."""
    if done.code != 0:
        print(done.output[-6000:])
    expect(name, done.code == 0, f"{done.changed()} changed in {done.seconds:.0f} s")


def follower() -> None:
    """The first run, without the leader."""
    refused("a follower and an empty database", run("site", "--limit", "data,app2"), "The database is empty")
    expect("nothing runs on it", releases("app2") == set(), releases("app2"))


def killed(*arguments: str) -> None:
    """Kill site.yml while the leader migrates."""
    process = subprocess.Popen(
        command("site", *arguments), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    begun = False
    output: list[str] = []
    for line in process.stdout:
        output.append(line)
        if "migrations | Run those" in line:
            begun = True
        elif begun and line.startswith("TASK"):
            time.sleep(1)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return
    print("".join(output)[-6000:])
    expect("site.yml is killed while the leader migrates", False, f"it ended with {process.wait()}")


def refusals() -> None:
    """What may not touch the database, and a leader that is killed while it does."""
    before = {host: releases(host) for host in HOSTS}
    expect("all hosts run the old release", set().union(*before.values()) == {OLD}, before)

    refused("unasked", run("site", *NEXT, "--limit", "mastodon"), "needs 2 migrations", "The database lacks migrations")
    refused("a follower alone", run("site", *NEXT, *AGREED, "--limit", "app2"), "The database lacks migrations")
    killed(*NEXT, *AGREED, "--limit", "all:!app3")
    after = {host: releases(host) for host in HOSTS}
    expect("nothing of the new release runs yet", after == before, after)


def stages() -> None:
    """First without one host, at last with all of them."""
    succeeded("all but one", run("site", *NEXT, *AGREED, "--limit", "all:!app3"))
    after = {host: releases(host) for host in HOSTS}
    there = {host: {OLD} if host == "app3" else {NEW} for host in HOSTS}
    expect("the others run the new release", after == there, after)
    states = {host: remembered(host) for host in HOSTS}
    wanted = {host: ("ready", OLD) if host == "app3" else ("unfinished", NEW) for host in HOSTS}
    expect("the last migrations wait for it", states == wanted and old_column(), states)

    succeeded("the leader alone, once more", run("site", *NEXT, "--limit", "app1"))
    expect("they still wait", old_column(), remembered("app1"))

    succeeded("all of them, without being told again", run("site", *NEXT))
    states = {host: remembered(host) for host in HOSTS}
    expect("all is done", set(states.values()) == {("ready", NEW)} and not old_column(), states)
    again = run("site", *NEXT)
    succeeded("a further run", again)
    expect("it changes nothing", again.changed() == 0, again.changed())


def main() -> int:
    """Do what was asked for."""
    for step in {"follower": (follower,), "upgrade": (refusals, stages)}[sys.argv[1]]:
        step()
    return 0


if __name__ == "__main__":
    sys.exit(main())
