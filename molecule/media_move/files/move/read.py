# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read files through the media host's public name for ever, or each of them once (--once), and compare every byte.

What it has read and what has failed is in read.json.
"""

from __future__ import annotations

import http.client
import random
import ssl
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import truth

NAME = "media.mastodon.localhost"
READERS = 4
local = threading.local()
lock = threading.Lock()
counts: Counter[str] = Counter()
failed: list[str] = []


def fetch(key: str) -> tuple[int, bytes, str]:
    """Fetch a file over a connection that is kept; one that was closed between two requests is opened again."""
    for attempt in (1, 2):
        fresh = attempt == 2 or not hasattr(local, "connection")
        if fresh:
            local.connection = http.client.HTTPSConnection(NAME, timeout=60, context=ssl.create_default_context())
        try:
            local.connection.request("GET", f"/{key}")
            answer = local.connection.getresponse()
            return answer.status, answer.read(), answer.getheader("Content-Type") or ""
        except (http.client.HTTPException, OSError) as error:
            local.connection.close()
            if fresh:
                return 0, str(error).encode(), ""
    raise AssertionError


def look(key: str) -> None:
    """Read a file and count it."""
    status, body, kind = fetch(key)
    right = status == 200 and body == truth.content(key) and kind == truth.content_type(key)
    if not right and key in truth.deleted() | truth.damaged():
        return
    with lock:
        counts["reads"] += 1
        counts["bytes"] += len(body)
        if not right:
            failed.append(f"{time.strftime('%X')} {key}: {status} {kind}, {len(body)} bytes")


def public() -> list[str]:
    """Every file that visitors may read now."""
    gone = truth.deleted() | truth.damaged()
    return [key for key in truth.held() if not key.startswith("backups/") and key not in gone]


def reader(seed: int) -> None:
    """Read what comes up."""
    dice = random.Random(seed)
    keys, until = public(), time.monotonic() + 5
    films = [key for key in keys if key.endswith(".mp4")]
    while True:
        if time.monotonic() > until:
            keys, until = public(), time.monotonic() + 5
        key = dice.choice(films) if films and dice.random() < 0.01 else dice.choice(keys)
        look(key)
        time.sleep(0.01)  # two cores are shared by readers, stores and the move


def main() -> int:
    """Read."""
    if "--once" in sys.argv:
        with ThreadPoolExecutor(READERS) as pool:
            list(pool.map(look, public()))
        print({"reads": counts["reads"], "failed": len(failed), "first": failed[:10]})
        return 1 if failed or not counts["reads"] else 0
    for seed in range(READERS):
        threading.Thread(target=reader, args=(seed,), daemon=True).start()
    while True:
        with lock:
            now = {**counts, "failed": len(failed), "first": failed[:20]}
        truth.write("read.json", now)
        time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
