# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep one connection busy for some seconds, and fail if it ever falters: hold.py ADDRESS PORT SECONDS."""

import socket
import sys
import time

address, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
end = time.monotonic() + seconds
count = 0
with socket.create_connection((address, port), timeout=3) as line:
    assert line.recv(100) == b"hello\n"
    while time.monotonic() < end:
        line.sendall(b"x")
        assert line.recv(1) == b"x"
        count += 1
        time.sleep(0.1)
print(f"{count} answers over one connection")
