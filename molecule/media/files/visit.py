#!/usr/bin/env python3
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Visit the media host by its names as a browser does, and compare every byte.

visit.py NAME [--away ORIGIN[,ORIGIN]] [--cold]: files that only origins that are away hold may be 503; every other must
be there. --cold empties the cache first.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import shutil
import ssl
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HELD: dict[str, list[str]] = json.loads(Path("/srv/held.json").read_text())


def fetch(name: str, path: str, headers: dict[str, str]) -> tuple[int, bytes, str]:
    """Fetch a path, following a redirect to another name; an answer that breaks off has status 0."""
    connection = http.client.HTTPSConnection(name, timeout=60, context=ssl.create_default_context())
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
    except (http.client.HTTPException, OSError):
        return 0, b"", ""
    finally:
        connection.close()
    return answer.status, body, answer.getheader("Location") or ""


def look(name: str, path: str, away: set[str], dice: random.Random) -> str:
    """Return what is wrong with one file, or nothing; a word in capitals is only counted."""
    content = Path("/srv/truth", path).read_bytes()
    start = dice.randint(0, len(content) - 1)
    headers = {"Range": f"bytes={start}-"} if dice.random() < 0.3 else {}
    status, body, location = fetch(name, "/" + path, headers)
    if status == 301:
        if location != f"https://media.mastodon.localhost/{path}":
            return f"{path} leads to {location}"
        status, body, _location = fetch("media.mastodon.localhost", "/" + path, headers)
    if status in (200, 206):
        return "RIGHT" if body == (content[start:] if status == 206 else content) else f"{path}: wrong bytes"
    if status == 503 and set(HELD[path]) <= away:
        return "AWAY"
    return "BROKE" if status == 0 and away else f"{path} ({HELD[path]}): {status}"


def empty_cache() -> None:
    """Remove all copies, and wait until the front has noticed that the media host is back."""
    subprocess.run(["systemctl", "stop", "nginx-media"], check=True)
    # The directory itself stays: the service may write nowhere else, and does not start without it.
    for each in Path("/srv/cache/nginx-media").iterdir():
        shutil.rmtree(each)
    subprocess.run(["systemctl", "start", "nginx-media"], check=True)
    deadline = time.monotonic() + 30
    while fetch("media.mastodon.localhost", "/", {})[0] != 200 and time.monotonic() < deadline:
        time.sleep(0.5)


def main() -> int:
    """Look at all files."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--away", default="")
    parser.add_argument("--cold", action="store_true")
    given = parser.parse_args()
    away = set(filter(None, given.away.split(",")))
    if given.cold:
        empty_cache()
    with ThreadPoolExecutor(6) as pool:
        seeds = enumerate(HELD)
        said = list(pool.map(lambda each: look(given.name, each[1], away, random.Random(each[0])), seeds))
    found = Counter(word for word in said if word.isupper())
    wrong = [text for text in said if not text.isupper()]
    print(dict(found), wrong)
    # A file breaks off only when its origin dies under way; then the next try must bring it, see the playbook.
    return 1 if wrong or not found["RIGHT"] else 0


if __name__ == "__main__":
    sys.exit(main())
