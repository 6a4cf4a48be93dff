# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command, and kill it with all that it has started once it has said that so much is done.

kill.py WORDS PERCENT COMMAND…: the line must hold the words and at least this percentage.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys


def main(words: str, percent: int, command: list[str]) -> int:
    """Return 0 when it was killed in time."""
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    assert running.stdout is not None
    for line in running.stdout:
        print(line, end="")
        found = re.search(r"(\d+)%", line)
        if words in line and found and int(found[1]) >= percent:
            os.killpg(running.pid, signal.SIGKILL)
            print(f"killed at {found[0]}")
            return 0
    print(f"it ended by itself with {running.wait()}")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
