# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send modules of tests/e2e/outside into a container and run one of them there.

All of it, passwords included, goes through standard input: nothing is left behind, and no argument list shows it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PACKAGE = "tests.e2e.outside"
# Imports that nobody needs on the other side resolve in this order.
ORDER = ("report", "websocket", "browser", "visit", "attack", "deletion", "store", "traces", "load", "pace")

LOADER = """
import json, sys, types
shipment = json.loads({shipment!r})
for name, source in shipment["modules"]:
    module = sys.modules[name] = types.ModuleType(name)
    module.__path__ = []
    exec(compile(source, name, "exec"), module.__dict__)
sys.modules[shipment["run"]].main(shipment["config"])
"""


def program(module: str, config: Mapping[str, Any]) -> str:
    """Return the text of a Python program that holds the modules and runs one."""
    folder = Path(__file__).parent / "outside"
    above = ["tests", "tests.e2e", PACKAGE]
    modules = [(name, "") for name in above]
    modules += [(f"{PACKAGE}.{name}", (folder / f"{name}.py").read_text(encoding="utf-8")) for name in ORDER]
    shipment = {"modules": modules, "run": f"{PACKAGE}.{module}", "config": dict(config)}
    return LOADER.format(shipment=json.dumps(shipment))


def run(command: list[str], module: str, config: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Run `module` with the Python that `command` starts, and yield what it reports as it comes."""
    process = subprocess.Popen([*command, "python3", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin and process.stdout
    with process.stdin as given:
        given.write(program(module, config))
    for line in process.stdout:
        yield json.loads(line)
    if process.wait() != 0:
        yield {"name": f"{module} ran to its end", "good": False, "detail": f"it ended with {process.returncode}"}
