# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo`: site.yml on inventories/one_host, with a container as the host."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from tests.suite.steps import BUILD, ROOT, environment

BED = "demo"
HOST = "fedi"
DOMAIN = "mastodon.localhost"
NAMES = (DOMAIN, f"media.{DOMAIN}", f"s3.{DOMAIN}")
DEMO = BUILD / "demo.json"


def playbook(name: str, *extra: str) -> list[str]:
    """How an admin runs one of the playbooks, plus what only a test bed needs."""
    testbed = (BUILD / "hosts" / "beds" / BED / "hosts.yml").relative_to(ROOT)
    return ["ansible-playbook", "-i", "inventories/one_host", "-i", str(testbed), f"fediops.mastodon.{name}", *extra]


def stages() -> list[tuple[str, list[str]]]:
    """What the demo consists of, in order."""
    hosts = [sys.executable, "-m", "tests.hosts"]
    return [
        ("engine, images and depot", [*hosts, "depot"]),
        ("a Debian 13 host", [*hosts, "up", HOST, "--bed", BED, "--aliases", ",".join(NAMES)]),
        ("site.yml", playbook("site")),
        ("check.yml", playbook("check")),
        ("the way in from this machine", [*hosts, "forward", HOST, "--bed", BED]),
    ]


def main() -> int:
    """Run the stages with their output in sight, and say how to get in."""
    took: list[tuple[str, float]] = []
    for title, argv in stages():
        print(f"\n==> {title}", flush=True)
        started = time.monotonic()
        code = subprocess.run(argv, cwd=ROOT, env=environment(), check=False).returncode
        took.append((title, time.monotonic() - started))
        if code != 0:
            print(f'\nmake demo stopped in stage "{title}" (exit {code}). What it did stays; run it again.')
            return 1
    demo = json.loads(DEMO.read_text())
    print("\n==> your instance")
    print(f"  open        {demo['url']}")
    print(f"  trust       {demo['ca_file']}  (import it into the browser as an authority, or: curl --cacert)")
    print(f"  sign in     {demo['owner']}, password: see owner_password in {demo['password_file']}")
    print(f"  check       {' '.join(playbook('check'))}")
    print("  remove      make clean")
    for title, seconds in took:
        print(f"  {seconds:6.0f} s   {title}")
    return 0
