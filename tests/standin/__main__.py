# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the stand-in's images: ``python -m tests.standin build --release both``."""

from __future__ import annotations

import argparse
import shlex
import sys

from .engine import Engine, EngineError, stage
from .images import BASE, RELEASES, build


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    top = argparse.ArgumentParser(prog="python -m tests.standin", description=__doc__)
    verbs = top.add_subparsers(dest="verb", required=True)

    make = verbs.add_parser("build", help="build the images of a release, or of both")
    make.add_argument("--release", choices=[*RELEASES, "both"], default="both")
    make.add_argument("--engine", metavar="URL", help="address of the Docker engine (default: the client's own)")
    make.add_argument(
        "--base-image", default="", metavar="NAME", help="an image made elsewhere by the recipe's command"
    )

    verbs.add_parser("recipe", help="print the base image's tag and the command that writes its file tree")
    return top


def main() -> int:
    """Run one verb."""
    options = parser().parse_args()
    if options.verb == "recipe":
        print(BASE.tag, shlex.join(BASE.recipe()), sep="\n")
        return 0
    names = list(RELEASES) if options.release == "both" else [options.release]
    try:
        with stage("Stand-in images"):
            tags = build(Engine(options.engine), names, options.base_image)
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(tags))
    return 0


if __name__ == "__main__":
    sys.exit(main())
