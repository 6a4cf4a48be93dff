# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.bench scale [COUNT …]`: does site.yml cost more steps, or more work on a host, with more app hosts?

Hosts are added to one bed, by default until there are 1, 2 and then 4 app hosts: site.yml runs first with the new ones
bare, then again with nothing to do. Counted are the steps that the hosts take together and the modules that run on each
of them; seconds are only reported, since all hosts share one machine.

`--look COUNT` adds bare hosts and runs with --check only: the app is not installed there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
BED = "bench_scale"
BUILD = ROOT / "build" / "bench" / "scale"
COUNTS = (1, 2, 4)
DATA = ("postgres", "redis", "minio", "nginx_media")
NAMES = ("mastodon.localhost", "media.mastodon.localhost", "s3.mastodon.localhost")


@dataclass(frozen=True)
class Cost:
    """What one run of site.yml came to."""

    steps: int
    per_host: dict[str, int]
    changed: int
    seconds: float


def hosts(*arguments: str) -> None:
    """Call tests.hosts."""
    subprocess.run([sys.executable, "-m", "tests.hosts", *arguments], cwd=ROOT, check=True)


def apps(count: int) -> list[str]:
    """Names of the app hosts."""
    return [f"app{number}" for number in range(1, count + 1)]


def bring_up(count: int) -> Path:
    """Make what is missing of the bed, and return an inventory of it with so many app hosts."""
    BUILD.mkdir(parents=True, exist_ok=True)
    plan: dict[str, Any] = {"data": {}, "edge": {"aliases": list(NAMES)}, **{app: {} for app in apps(count)}}
    (BUILD / "bed.yml").write_text(yaml.safe_dump(plan, sort_keys=False))
    hosts("bed", BED, str(BUILD / "bed.yml"))
    written = ROOT / "build" / "hosts" / "beds" / BED / "hosts.yml"
    inventory = yaml.safe_load(written.read_text())["all"]
    known = {name: variables for name, variables in inventory["hosts"].items() if name in (*plan, "depot")}
    for name in plan:
        known[name]["private_address"] = known[name]["ansible_host"]
    members = {**{role: ["data"] for role in DATA}, "caddy": ["edge"], "mastodon": apps(count), "observer": ["depot"]}
    variables = {
        **inventory["vars"],
        "instance_domain": NAMES[0],
        "instance_owner_username": "owner",
        "instance_owner_email": f"owner@{NAMES[0]}",
        "mastodon_web_processes": 1,
        "mastodon_tmp_size": "128M",
        "postgres_max_connections": 40 + 30 * count,
    }
    groups = {name: {"hosts": dict.fromkeys(listed)} for name, listed in members.items()}
    path = BUILD / f"{count}.yml"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump({"all": {"vars": variables, "hosts": known, "children": groups}}, sort_keys=False))
    return path


def run(inventory: Path, label: str, *arguments: str) -> Cost:
    """Run site.yml and read what the callback noted."""
    noted = BUILD / f"{label}.jsonl"
    noted.unlink(missing_ok=True)
    environment = {
        **os.environ,
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "executions",
        "ANSIBLE_FORKS": "20",
        "FEDIOPS_EXECUTIONS": str(noted),
    }
    began = time.monotonic()
    command = ["ansible-playbook", "-i", str(inventory), "fediops.mastodon.site", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    (BUILD / f"{label}.log").write_text(done.stdout + done.stderr)
    if done.returncode != 0:
        raise SystemExit(f"{done.stdout[-4000:]}\nsite.yml failed; all of it: {BUILD / label}.log")
    lines = [json.loads(line) for line in noted.read_text().splitlines()]
    changed = sum(int(word.partition("=")[2]) for word in done.stdout.split() if word.startswith("changed="))
    return Cost(
        steps=sum("step" in line for line in lines),
        per_host=dict(Counter(line["host"] for line in lines if "module" in line)),
        changed=changed,
        seconds=time.monotonic() - began,
    )


def row(count: int, what: str, cost: Cost, these: list[str]) -> str:
    """One line of the table: the steps, and the app host with the most work."""
    most = max(cost.per_host.get(host, 0) for host in these)
    leader, data = cost.per_host.get("app1", 0), cost.per_host.get("data", 0)
    return (
        f"| {count} | {what} | {cost.steps} | {leader} | {most} | {data} | {cost.per_host.get('edge', 0)} "
        f"| {cost.changed} | {cost.seconds:.0f} |"
    )


def main() -> int:
    """Measure, print a table, and fail when a further run costs more with more hosts."""
    words = sys.argv[1:]
    look = [int(words[words.index("--look") + 1])] if "--look" in words else []
    counts = [int(word) for word in words if word.isdigit() and int(word) not in look] or list(COUNTS)
    print("| app hosts | run | steps | on app1 | on the others, at most | on data | on edge | changed | seconds |")
    print("|---|---|---|---|---|---|---|---|---|")
    known: list[str] = []
    again: list[Cost] = []
    for count in counts:
        inventory = bring_up(count)
        new = [app for app in apps(count) if app not in known] or apps(count)
        print(row(count, f"first on {', '.join(new)}", run(inventory, f"{count}-first"), new), flush=True)
        again.append(run(inventory, f"{count}-again"))
        print(row(count, "nothing to do", again[-1], apps(count)), flush=True)
        known = apps(count)
    for count in look:
        new = [app for app in apps(count) if app not in known]
        cost = run(bring_up(count), f"{count}-look", "--check")
        print(row(count, f"--check, {len(new)} of them bare", cost, new), flush=True)
    first, last = again[0], again[-1]
    grown = [host for host in first.per_host if last.per_host.get(host, 0) > first.per_host[host]]
    most = max(last.per_host.get(app, 0) for app in apps(counts[-1]))
    good = last.steps == first.steps and not grown and most <= first.per_host["app1"]
    print(f"steps {first.steps} and {last.steps}; on an app host at most {first.per_host['app1']} and {most}")
    print("they do not grow" if good else f"they grow: {', '.join(grown) or 'see the table'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
