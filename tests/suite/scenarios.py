# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Molecule: one scenario per role, and whole systems."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import Executor

from tests.suite.steps import BUILD, ROOT, Step, Tally, run

CONFIG = ROOT / ".config" / "molecule" / "config.yml"
# Too many hosts, or programs that have to be compiled first: these belong to `make prove`.
PROVE_ONLY = ("caddy_acme", "minio_hosts", "media", "media_move", "two_hosts", "scale_out")
# All roles but `mastodon`, for which Debian 12 has no Compose v2.
ON_DEBIAN_12 = ("tinc_vpn", "firewall", "postgres", "redis", "minio", "nginx_media", "caddy")
# A scenario waits as much as it works: three keep two cores busy.
AT_A_TIME = 3
# Begun first, so that none runs alone at the end.
LONGEST = ("one_host", "minio", "tinc_vpn", "nginx_media")
# Making and removing the host are no tests.
STEP_DONE = re.compile(r"^INFO +\[\S+ > (?:check|converge|idempotence|verify|side_effect)\] Executed: Successful", re.M)
MISSING = re.compile(r"^WARNING +\[\S+ > (?!prepare)\w+\] Executed: Missing.*", re.M)


def names() -> list[str]:
    """Every scenario of `make test`: one for each role, and a whole instance; the longest first."""
    found = sorted(path.parent.name for path in (ROOT / "molecule").glob("*/molecule.yml"))
    return [*LONGEST, *(name for name in found if name not in (*LONGEST, *PROVE_ONLY))]


def run_beside(wanted: Sequence[str], tally: Tally, lanes: Executor, suite: str = "debian13") -> None:
    """Run scenarios, as many at a time as there are lanes free; wait for all of them."""
    tallies = [Tally() for _name in wanted]
    list(lanes.map(lambda name, own: run_scenario(name, own, suite), wanted, tallies))
    for own in tallies:
        tally.include(own)


def run_scenario(name: str, tally: Tally, suite: str = "debian13", kill_points: int = 10, disturb: str = "few") -> bool:
    """Run one scenario; each of its steps (check, converge, idempotence, verify …) counts as a test."""
    if name not in (*names(), *PROVE_ONLY):
        print(f"FAILED no scenario {name}: there are {', '.join((*names(), *PROVE_ONLY))}")
        return tally.add(False)
    title = f"scenario {name}" if suite == "debian13" else f"scenario {name} {suite}"
    env = {
        "SUITE": suite,
        "KILL_POINTS": str(kill_points),
        "DISTURB": disturb,
        "MOLECULE_EPHEMERAL_DIRECTORY": str(BUILD / "molecule" / name),
    }
    step = Step(title, ["molecule", "-c", str(CONFIG), "test", "-s", name], env=env)
    outcome = Tally()
    ok = run(step, outcome)
    log = BUILD / "logs" / f"{title.replace(' ', '-')}.log"
    text = log.read_text(errors="replace")
    done = len(STEP_DONE.findall(text))
    tally.passed += done
    # Molecule passes over a step that has no playbook; prepare is the only one that may have none.
    missing = MISSING.search(text)
    if missing:
        print(f"       {missing[0]}")
    if not ok or done == 0 or missing:
        tally.add(False)
    return ok
