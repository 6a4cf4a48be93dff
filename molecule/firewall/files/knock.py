# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Knock at many doors at once and compare: knock.py '[[["10.0.0.1", "fd00::1"], "tcp:443 udp:443", "open"], …]'.

What happened is "open" (it answered), "denied" (an error at once) or "silent" (nothing came back).
"""

import json
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor

PATIENCE = 2.0


def knock(protocol: str, address: str, port: int) -> str:
    """Return what one door said."""
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    begun = time.monotonic()
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind) as door:
        door.settimeout(PATIENCE)
        try:
            door.connect((address, port))
            if protocol == "udp":
                door.send(b"hello\n")
            door.recv(100)
        except OSError:
            return "denied" if time.monotonic() - begun < PATIENCE / 2 else "silent"
    return "open"


doors = [
    (*door.split(":"), address, expected)
    for addresses, words, expected in json.loads(sys.argv[1])
    for address in addresses
    for door in words.split()
]
with ThreadPoolExecutor(64) as pool:
    said = list(pool.map(lambda door: knock(door[0], door[2], int(door[1])), doors))
wrong = [
    f"{' '.join(door[:3])} was {answer}, not {door[3]}"
    for door, answer in zip(doors, said, strict=True)
    if answer != door[3]
]
print("\n".join(wrong) or f"{len(doors)} doors, all as expected")
sys.exit(bool(wrong) or not doors)
