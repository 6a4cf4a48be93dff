# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every linter, none with an exception list."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.suite.steps import BUILD, ROOT, Step

# ansible-test wants to fetch pip's installer from the internet; Python carries one.
GET_PIP = "import ensurepip\n\nensurepip.bootstrap()\n"
# What a user of the collection gets; ruff, mypy and yamllint look at the rest.
SHIPPED = (
    *("galaxy.yml", "README.md", "CHANGELOG.rst", "LICENSE"),
    *("changelogs", "docs", "inventories", "meta", "playbooks", "plugins", "roles"),
)
GET_PIP_NAME = "get_pip_24_2.py"


def _copy_for_sanity() -> Path:
    """ansible-test refuses to run outside …/ansible_collections/<namespace>/<name>, links included: make a copy."""
    target = BUILD / "sanity" / "ansible_collections" / "fediops" / "mastodon"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *SHIPPED],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    subprocess.run(["git", "init", "--quiet"], cwd=target, check=True)
    subprocess.run(["git", "add", "--all"], cwd=target, check=True)
    return target


def sanity() -> Step:
    """ansible-test sanity, on a copy and with a home of its own, so that the user's stays as it is."""
    home = BUILD / "sanity" / "home"
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    (cache / GET_PIP_NAME).write_text(GET_PIP)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Step(
        "lint ansible-test sanity",
        ["ansible-test", "sanity", "--color", "no", "--python", python],
        cwd=_copy_for_sanity(),
        env={"HOME": str(home)},
    )


def steps() -> list[Step]:
    """The linters, fastest first."""
    return [
        Step("lint ruff", ["ruff", "check", "."]),
        Step("lint ruff format", ["ruff", "format", "--check", "."]),
        Step("lint yamllint", ["yamllint", "--strict", "."]),
        Step("lint mypy", [sys.executable, "-m", "tests.suite.types"]),
        Step("lint changelog", ["antsibull-changelog", "lint"]),
        Step(
            "lint docs",
            ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "self", "."],
        ),
        Step("lint ansible-lint", ["ansible-lint"]),
        sanity(),
    ]


def reference() -> Step:
    """The reference of every module, plugin and role as text, made from their own documentation."""
    target = BUILD / "docs"
    target.mkdir(parents=True, exist_ok=True)
    return Step(
        "docs in build/docs",
        [
            *("antsibull-docs", "collection", "--use-current", "--squash-hierarchy"),
            *("--output-format", "simplified-rst", "--dest-dir", str(target), "fediops.mastodon"),
        ],
    )
