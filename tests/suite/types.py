# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""mypy --strict over our Python, each part under the name that its imports use."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.suite.steps import ROOT


def main() -> int:
    """Check plugins as the collection they are, tools below tests/ and programs for hosts as the packages they are."""
    plugins = ROOT / ".ansible" / "collections" / "ansible_collections" / "fediops" / "mastodon" / "plugins"
    env = {**os.environ, "MYPYPATH": str(ROOT / ".ansible" / "collections")}
    mypy = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml")]
    as_collection = subprocess.run([*mypy, str(plugins)], env=env, check=False).returncode
    as_tools = subprocess.run(
        [*mypy, *(f"tests/{name}" for name in ("bench", "hosts", "standin", "suite", "system", "e2e", "contract"))],
        cwd=ROOT,
        check=False,
    ).returncode
    on_hosts = subprocess.run(
        [*mypy, "--package", "media_gone", "--module", "gone", "--module", "watch"],
        env={**os.environ, "MYPYPATH": str(ROOT / "roles" / "nginx_media" / "files" / "programs")},
        cwd=ROOT,
        check=False,
    ).returncode
    return as_collection or as_tools or on_hosts


if __name__ == "__main__":
    sys.exit(main())
