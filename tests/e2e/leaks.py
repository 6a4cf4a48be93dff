# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Search what a run left behind for the values of the secret store, in the forms in which they travel."""

from __future__ import annotations

import base64
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.e2e import ship
from tests.e2e.demo import Demo, DemoError, secret_values
from tests.e2e.outside import traces


def forms(value: str) -> list[str]:
    """Return the value as it is, in URLs, and in base64 wherever in the text it may stand."""
    found = {value, urllib.parse.quote(value, safe=""), urllib.parse.quote_plus(value)}
    raw = value.encode()
    for before in range(3):
        # Four letters carry three bytes: only those count that no neighbour of the value has a part in.
        whole = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        begin = (before * 8 + 5) // 6
        end = (before + len(raw)) * 8 // 6
        core = whole[begin:end]
        found |= {core, core.replace("+", "-").replace("/", "_")}
    return sorted(found)


def in_folder(folder: Path, wanted: Mapping[str, str]) -> tuple[list[str], int]:
    """Return which secrets stand in which files below a folder, and how many files there are."""
    needles = {name: [form.encode() for form in forms(value)] for name, value in wanted.items()}
    found, looked = [], 0
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        data = path.read_bytes()
        looked += 1
        found += [f"{name} in {path}" for name, several in needles.items() if any(form in data for form in several)]
    return found, looked


def report(name: str, found: list[str], looked: int) -> dict[str, Any]:
    """Say what a search found; one that had nothing to look at proves nothing."""
    detail = "; ".join(found) or f"{looked} looked at"
    return {"name": name, "good": not found and looked > 0, "detail": detail}


def checks(demo: Demo, folders: list[Path]) -> Iterator[dict[str, Any]]:
    """Yield a report for each folder, and for each host's files and programs."""
    wanted = secret_values(demo.secrets)
    for folder in folders:
        yield report(f"no secret below {folder}", *in_folder(folder, wanted))
    shipped = {"forms": {name: forms(value) for name, value in wanted.items()}}
    for host in demo.hosts:
        for told in ship.run(demo.inside(host.container), "traces", shipped):
            name = f"no secret in what everybody on {host.name} can read"
            yield report(name, told["facts"]["found"], told["facts"]["looked"]) if "facts" in told else told


def watch(demo: Demo, seconds: float, folder: Path) -> list[Path]:
    """Note the arguments of all programs, here and on the hosts, for so many seconds; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    failed: list[str] = []

    def note(name: str, lines: list[str]) -> None:
        path = folder / f"ps-{name}.txt"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        written.append(path)

    def there(name: str, container: str) -> None:
        for told in ship.run(demo.inside(container), "traces", {"seconds": seconds}):
            if "facts" in told:
                note(name, told["facts"]["arguments"])
            else:
                failed.append(f"{name}: {told['detail']}")

    watchers = [threading.Thread(target=there, args=(host.name, host.container)) for host in demo.hosts]
    for watcher in watchers:
        watcher.start()
    note("controller", traces.watched(seconds))
    for watcher in watchers:
        watcher.join()
    # What was not seen must not pass for something without secrets.
    if failed or len(written) != len(demo.hosts) + 1:
        raise DemoError(f"not everything was watched: {'; '.join(failed) or 'a host said nothing'}")
    return sorted(written)
