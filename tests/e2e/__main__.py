# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m tests.e2e [leaks|watch] --demo build/demo.json``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.e2e import demo, journey, leaks


def show(reports: Iterable[dict[str, Any]]) -> int:
    """Print a line for each check as it comes and the counts at the end; return the exit code."""
    good = bad = 0
    for each in reports:
        good, bad = good + bool(each["good"]), bad + (not each["good"])
        print(f"{'passed' if each['good'] else 'FAILED'}  {each['name']}: {each['detail']}", flush=True)
    print(f"{good} passed, {bad} failed")
    return 1 if bad or not good else 0


def parser() -> argparse.ArgumentParser:
    """All verbs and their options."""
    top = argparse.ArgumentParser(prog="python -m tests.e2e", description="Use a running demo as strangers do.")
    top.add_argument("--demo", type=Path, default=Path("build/demo.json"), help="its description")
    verbs = top.add_subparsers(dest="verb")
    search = verbs.add_parser("leaks", help="search logs and hosts for values of the secret store")
    search.add_argument("folders", type=Path, nargs="*", help="logs, samples of ps, fact caches")
    watch = verbs.add_parser("watch", help="note the arguments of all programs while something else runs")
    watch.add_argument("--seconds", type=float, default=60)
    watch.add_argument("folder", type=Path, help="where to write them; then give it to leaks")
    return top


def main() -> int:
    """Run one verb."""
    options = parser().parse_args()
    try:
        running = demo.load(options.demo)
        if options.verb == "watch":
            for path in leaks.watch(running, options.seconds, options.folder):
                print(path)
            return 0
        return show(leaks.checks(running, options.folders) if options.verb == "leaks" else journey.checks(running))
    except demo.DemoError as error:
        print(f"e2e: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
