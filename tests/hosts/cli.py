# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: ``python -m tests.hosts <verb>``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.hosts import beds, clean, depot, engine, extras, forward, images, status
from tests.hosts.layout import Layout, check_name, here
from tests.hosts.progress import HarnessError, lock, say, step


def words(text: str) -> tuple[str, ...]:
    """A comma-separated list."""
    return tuple(word for word in text.split(",") if word)


def verb_up(layout: Layout, options: argparse.Namespace) -> int:
    """Bring a host up."""
    name = check_name(options.name)
    bed = check_name(options.bed or name)
    return _bring_up(layout, bed, [beds.Wanted(name, options.suite, options.aliases, options.groups)], options.apps)


def verb_bed(layout: Layout, options: argparse.Namespace) -> int:
    """Bring up all hosts of a bed."""
    bed = check_name(options.bed)
    file = Path(options.file)
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return _bring_up(layout, bed, beds.plan(text, bed, options.suite), options.apps)


def _bring_up(layout: Layout, bed: str, wanted: Sequence[beds.Wanted], apps: Sequence[str]) -> int:
    docker = engine.ensure(layout)
    recipes = [images.host_recipe(suite) for suite in sorted({host.suite for host in wanted})]
    with lock(layout.build / "lock"):
        depot.ensure(docker, layout, recipes, apps)
        beds.up(docker, layout, bed, wanted)
    say(f"  inventory: {layout.inventory(bed).relative_to(layout.root)}")
    return 0


def verb_down(layout: Layout, options: argparse.Namespace) -> int:
    """Take a host down, or a whole test bed."""
    docker = engine.find(layout)
    if docker is None:
        return 0
    bed = check_name(options.bed or options.name)
    with lock(layout.build / "lock"):
        names = {host.name for host in beds.hosts(docker, layout, bed)}
        going = {options.name} if options.name else names
        if names <= going:
            forward.close(docker, layout, bed)
        beds.down(docker, layout, bed, sorted(going))
    return 0


def verb_depot(layout: Layout, options: argparse.Namespace) -> int:
    """Make sure that engine, images and depot are there."""
    docker = engine.ensure(layout)
    with lock(layout.build / "lock"):
        depot.ensure(docker, layout, [images.host_recipe(options.suite)], options.apps)
    for text in status.offers(layout):
        say(f"  {text}")
    return 0


def verb_program(layout: Layout, options: argparse.Namespace) -> int:
    """Make a program that only tests need, let the depot serve it; print URL, sum and member."""
    docker = engine.ensure(layout)
    with lock(layout.build / "lock"):
        print(json.dumps(extras.ensure(docker, layout, options.name).variables("program")))
    return 0


def verb_exec(layout: Layout, options: argparse.Namespace) -> int:
    """Run a command in a host."""
    docker = engine.ensure(layout)
    container = layout.depot if options.name == "depot" else layout.container(options.bed or options.name, options.name)
    terminal = ["--tty"] if sys.stdin.isatty() else []
    return subprocess.run(
        docker.command("exec", "--interactive", *terminal, container, *options.command), check=False
    ).returncode


def verb_inventory(layout: Layout, options: argparse.Namespace) -> int:
    """Write a bed's inventory anew and print its path."""
    print(beds.write_inventory(engine.ensure(layout), layout, check_name(options.bed)))
    return 0


def verb_forward(layout: Layout, options: argparse.Namespace) -> int:
    """Let a browser on this machine reach a host; print the URL."""
    bed = check_name(options.bed or options.name)
    demo = forward.ensure(engine.ensure(layout), layout, bed, options.name, options.inventory)
    print(demo["url"])
    return 0


def verb_describe(layout: Layout, options: argparse.Namespace) -> int:
    """Print what scripts want to know about the instance of a test bed."""
    bed = check_name(options.bed or options.name)
    print(json.dumps(forward.describe(engine.ensure(layout), layout, bed, options.name, options.inventory), indent=2))
    return 0


def verb_reboot(layout: Layout, options: argparse.Namespace) -> int:
    """Reboot a host."""
    bed = check_name(options.bed or options.name)
    docker = engine.ensure(layout)
    container = layout.container(bed, check_name(options.name))
    beds.hang_up(layout, bed, options.name)
    with step(f"Reboot of {options.name}"):
        docker("restart", container)
        beds.settle(docker, layout, container)
    return 0


def verb_engine(layout: Layout, _options: argparse.Namespace) -> int:
    """Print the engine's address."""
    print(engine.ensure(layout).socket)
    return 0


def verb_status(layout: Layout, _options: argparse.Namespace) -> int:
    """Say what there is; start nothing."""
    print("\n".join(status.lines(engine.find(layout), layout)))
    return 0


def verb_clean(layout: Layout, _options: argparse.Namespace) -> int:
    """Remove what the harness made."""
    clean.clean(layout)
    return 0


def parser() -> argparse.ArgumentParser:
    """All verbs and their options."""
    top = argparse.ArgumentParser(prog="python -m tests.hosts", description="Containers as hosts for tests and demo.")
    verbs = top.add_subparsers(dest="verb", required=True)

    up = verbs.add_parser("up", help="make a host and write the inventory of its test bed")
    up.add_argument("name")
    up.add_argument("--aliases", type=words, default=(), help="more names, comma separated, for the other hosts")
    up.add_argument("--groups", type=words, default=("testhost",), help="inventory groups, comma separated")
    whole = verbs.add_parser("bed", help="make all hosts of a test bed, as a file lists them, and write its inventory")
    whole.add_argument("bed")
    whole.add_argument("file", help="YAML: name: {aliases: [a], groups: [a], suite: …}; one host when there is no file")
    down = verbs.add_parser("down", help="remove a host, or with --bed alone a whole test bed")
    down.add_argument("name", nargs="?", default="")
    execute = verbs.add_parser("exec", help="run a command as root in a host (or in 'depot')")
    execute.add_argument("name")
    execute.add_argument("command", nargs="+")
    way_in = verbs.add_parser("forward", help="let a browser on this machine reach a host; write build/demo.json")
    way_in.add_argument("name")
    way_in.add_argument("--inventory", default="inventories/one_host", help="of the instance that the host plays")
    about = verbs.add_parser("describe", help="print what build/demo.json says, for any test bed")
    about.add_argument("name")
    about.add_argument("--inventory", default="inventories/one_host", help="of the instance that the host plays")
    again = verbs.add_parser("reboot", help="reboot a host and wait until it is up")
    again.add_argument("name")
    for verb in (up, down, execute, way_in, about, again):
        verb.add_argument("--bed", help="the test bed (one network, one inventory); the host's name by default")

    ready = verbs.add_parser("depot", help="make sure that the engine, the images and the depot are there")
    for verb in (up, whole, ready):
        verb.add_argument("--suite", choices=sorted(images.SUITES), default=os.environ.get("SUITE") or "debian13")
        verb.add_argument("--apps", type=words, default=("A",), help="releases of the stand-in app: A, B or A,B")
    more = verbs.add_parser("program", help="compile a program for a scenario, once; print where the depot serves it")
    more.add_argument("name", choices=sorted(extras.PROGRAMS))
    verbs.add_parser("inventory", help="write a bed's inventory anew and print its path").add_argument("bed")
    verbs.add_parser("engine", help="print the address of the Docker engine in use")
    verbs.add_parser("status", help="say what there is")
    verbs.add_parser("clean", help="remove all of it")
    return top


READ_ONLY = {"status", "clean"}
VERBS = {
    "up": verb_up, "bed": verb_bed, "down": verb_down, "reboot": verb_reboot, "depot": verb_depot,
    "program": verb_program, "exec": verb_exec, "inventory": verb_inventory, "forward": verb_forward,
    "describe": verb_describe, "engine": verb_engine, "status": verb_status, "clean": verb_clean,
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb."""
    top = parser()
    options = top.parse_args(arguments)
    if options.verb == "down" and not (options.name or options.bed):
        top.error("down: name a host, or a test bed with --bed")
    layout = here()
    try:
        if options.verb not in READ_ONLY:
            layout.prepare()
        return VERBS[options.verb](layout, options)
    except HarnessError as error:
        say(f"hosts: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
