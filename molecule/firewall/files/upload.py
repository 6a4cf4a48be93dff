# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send a megabyte and get it back, over a path that is narrower than it looks: upload.py ADDRESS PORT."""

import socket
import sys
import threading

SIZE = 1_000_000
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=8) as line:
    assert line.recv(6) == b"hello\n"
    threading.Thread(target=line.sendall, args=(b"x" * SIZE,), daemon=True).start()
    got = 0
    while got < SIZE:
        got += len(line.recv(65536))
print(f"{got} bytes")
