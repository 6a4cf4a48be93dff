# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the new store itself: it must have every file, its bytes and headers, and nothing else.

--some reads only each twentieth file and what has been damaged; the list of names is compared as a whole all the same.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import truth


def wrong_ones(keys: list[str]) -> list[str]:
    """Return what is wrong with some files."""
    client = truth.store("new")

    def look(key: str) -> str:
        answer = client.get_object(Bucket=truth.BUCKET, Key=key)
        body = answer["Body"].read()
        found = (body == truth.content(key), answer.get("ContentType"), answer.get("CacheControl"))
        wanted = (True, truth.content_type(key), truth.CACHE_CONTROL)
        return "" if found == wanted else f"{key}: {found}"

    with ThreadPoolExecutor(4) as pool:
        return [said for said in pool.map(look, keys) if said]


def main() -> int:
    """Compare everything."""
    pages = truth.store("new").get_paginator("list_objects_v2").paginate(Bucket=truth.BUCKET)
    there = {entry["Key"] for page in pages for entry in page.get("Contents", [])}
    there.discard("site_uploads/fediops-canary.txt")
    gone = truth.deleted()
    wanted = set(truth.held()) - gone
    missing, more = sorted(wanted - there), sorted(there - wanted)
    keys = sorted(wanted & there)
    if "--some" in sys.argv:
        keys = sorted({*keys[::20], *(truth.damaged() & there)})
    with ProcessPoolExecutor(2) as pool:
        wrong = [said for part in pool.map(wrong_ones, [keys[0::2], keys[1::2]]) for said in part]
    print({"compared": len(keys), "missing": len(missing), "come back": len(set(more) & gone), "wrong": len(wrong)})
    print(missing[:5], more[:5], wrong[:5])
    return 1 if missing or more or wrong or not keys else 0


if __name__ == "__main__":
    sys.exit(main())
