# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Beside nginx-media.service: counts what its origins answer, and says when the disk of the cache is full.

nginx writes a line for each request and has no counters of its own; without a name or an address in it, most lines are
alike, and counting them costs next to nothing. This takes the file away, lets nginx begin a new one, and counts the old
one a round later, when every worker has let go of it.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

# What nginx-media-gone.service counts, where it runs: Prometheus asks in one place for both.
OTHERS = Path("/run/nginx-media-gone/metrics")
STEP, ROUND = 1.0, 5  # seconds between looks at the disk; looks from one count to the next
_UNITS = {"m": 2**20, "g": 2**30}
_TIME = re.compile(r"[0-9]+\.[0-9]+")


def places(text: str) -> list[str]:
    """Split what nginx says of several upstreams into one value for each place that was entered; "-" for none.

    A place that asked nobody (it remembered a miss, or a name could not be resolved) leaves only its separator: a
    lone "-" before a comma. Commas otherwise stand between attempts at one place, of which the last counts.
    """
    found = []
    for group in text.split(" : "):
        attempts = group.split(", ")
        while len(attempts) > 1 and attempts[0] in ("-", ""):
            found.append("-")
            attempts.pop(0)
        found.append(attempts[-1] or "-")
    return found


def outcome(status: str) -> str:
    """Say in a word what an origin's status means."""
    if status.startswith("2") or status == "304":
        return "found"
    if status == "403":
        return "forbidden"
    if status in ("408", "423", "424", "425", "429") or not status.startswith(("3", "4")):
        return "away"
    return "missing"


class Counts:
    """Everything that was counted since the start."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.requests: Counter[tuple[str, str]] = Counter()
        self.answers: Counter[tuple[str, str]] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def add(self, lines: Iterable[str]) -> None:
        """Count lines; one that is cut off or not ours is passed over."""
        for line, times in Counter(lines).items():
            fields = line.split("|")
            if len(fields) != 5:
                continue
            cache, status, asked, statuses, seconds = fields
            self.requests[(cache.lower().strip("-") or "none", status)] += times
            for name, answer, duration in self._asked(cache, asked.split(), places(statuses), places(seconds)):
                self.answers[(name, answer)] += times
                self.seconds[name] += duration * times

    @staticmethod
    def _asked(
        cache: str, names: list[str], statuses: list[str], seconds: list[str]
    ) -> Iterator[tuple[str, str, float]]:
        # The places after the last origin are none: nginx asks "nowhere" for a copy that has expired.
        for index, name in enumerate(names):
            status = statuses[index] if index < len(statuses) else "-"
            passed = seconds[index] if index < len(seconds) else "-"
            duration = float(passed) if _TIME.fullmatch(passed) else 0.0
            if status != "-":
                yield name, outcome(status), duration
            elif index + 1 < len(names) and cache not in ("HIT", "UPDATING", "-"):
                # Entered, left again, and nobody was asked: its name could not be resolved.
                yield name, "away", duration

    def text(self, full: bool, free: int) -> str:
        """Everything in the form that Prometheus reads."""
        lines = ["# HELP nginx_media_requests_total Requests by what the cache had and by the status of the answer."]
        lines.append("# TYPE nginx_media_requests_total counter")
        for (cache, status), times in sorted(self.requests.items()):
            lines.append(f'nginx_media_requests_total{{cache="{cache}",status="{status}"}} {times}')
        lines.append("# HELP nginx_media_origin_answers_total What each origin answered when it was asked.")
        lines.append("# TYPE nginx_media_origin_answers_total counter")
        for (name, answer), times in sorted(self.answers.items()):
            lines.append(f'nginx_media_origin_answers_total{{origin="{name}",answer="{answer}"}} {times}')
        lines.append("# HELP nginx_media_origin_seconds_total Time spent with asking each origin.")
        lines.append("# TYPE nginx_media_origin_seconds_total counter")
        for name, passed in sorted(self.seconds.items()):
            lines.append(f'nginx_media_origin_seconds_total{{origin="{name}"}} {passed:.3f}')
        lines.append("# HELP nginx_media_cache_disk_free_bytes Free space on the disk of the cache.")
        lines.append("# TYPE nginx_media_cache_disk_free_bytes gauge")
        lines.append(f"nginx_media_cache_disk_free_bytes {free}")
        lines.append("# HELP nginx_media_cache_disk_full Whether new files are passed through instead of being kept.")
        lines.append("# TYPE nginx_media_cache_disk_full gauge")
        lines.append(f"nginx_media_cache_disk_full {int(full)}")
        return "\n".join(lines) + "\n"


def size(text: str) -> int:
    """Bytes of a size as nginx writes it, such as 512m."""
    return int(text[:-1]) * _UNITS[text[-1]]


def free_bytes(directory: Path) -> int:
    """Space that a process without privilege may still take; none while the directory cannot be looked at."""
    try:
        look = os.statvfs(directory)
    except OSError:
        return 0
    # A disk without a free inode is as full as one without a free block.
    return look.f_bavail * look.f_frsize if look.f_favail or not look.f_files else 0


def take(current: Path, taken: Path, pid: Path) -> list[str]:
    """Return the lines of the file that was taken a round ago, and take the current one."""
    lines = []
    if taken.exists():
        lines = taken.read_text(errors="replace").splitlines()
        taken.unlink()
    if current.exists() and current.stat().st_size > 0:
        current.rename(taken)
        os.kill(int(pid.read_text()), signal.SIGUSR1)
    return lines


def replace(path: Path, text: str) -> None:
    """Write a file that nobody ever sees half."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.chmod(0o644)
    new.rename(path)


def others(file: Path) -> str:
    """Return what another program counts; nothing while it does not run."""
    try:
        return file.read_text()
    except OSError:
        return ""


def main(cache: Path, least: int, nginx: Path, own: Path) -> None:
    """Look at the disk each second, and count every five."""
    counts, full, looks = Counts(), own / "full", 0
    while True:
        free = free_bytes(cache)
        if free < least:
            full.touch()
        else:
            full.unlink(missing_ok=True)
        if looks % ROUND == 0:
            try:
                counts.add(take(nginx / "counts", nginx / "counts.taken", nginx / "nginx.pid"))
            except (OSError, ValueError) as error:
                # nginx is stopping or starting.
                print(f"not counted: {error}", file=sys.stderr, flush=True)
            replace(own / "metrics", counts.text(free < least, free) + others(OTHERS))
        looks += 1
        time.sleep(STEP)


if __name__ == "__main__":
    main(Path(sys.argv[1]), size(sys.argv[2]) // 2, Path(sys.argv[3]), Path(sys.argv[4]))
