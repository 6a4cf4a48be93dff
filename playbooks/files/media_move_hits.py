# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write down what the media hosts have counted: media_move_hits.py FILE HOST=URL…

They count from zero after each restart, so somebody has to look often. What it means is for others to say.
"""

from __future__ import annotations

import sys
import time
import urllib.request
from pathlib import Path

KEEP = 2_000_000  # characters: more than a year of one media host


def main(path: Path, hosts: list[str]) -> int:
    """Add a sample of each host that answers; fail when one does not."""
    said = [path.read_text()[-KEEP:]] if path.exists() else []
    failed = 0
    for host, _equals, url in (each.partition("=") for each in hosts):
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - of the playbook's own making
                text = answer.read().decode()
        except OSError as error:
            print(f"{host}: {error}", file=sys.stderr)
            failed += 1
            continue
        counts = [line for line in text.splitlines() if line.startswith("nginx_media_origin_answers_total{")]
        said += [f"# {time.time():.0f} {host}\n", *(f"{line}\n" for line in counts)]
    new = path.with_name(path.name + ".new")
    new.write_text("".join(said))
    new.rename(path)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
