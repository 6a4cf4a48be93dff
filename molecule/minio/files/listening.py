# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print the addresses on which the server's user listens."""

import ipaddress
import pwd
from pathlib import Path

LISTEN = "0A"
USER = str(pwd.getpwnam("minio").pw_uid)


def address(text):
    host, port = text.split(":")
    words = [bytes.fromhex(host[start : start + 8])[::-1] for start in range(0, len(host), 8)]
    return f"{ipaddress.ip_address(b''.join(words))}:{int(port, 16)}"


for table in ("tcp", "tcp6"):
    for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == LISTEN and fields[7] == USER:
            print(address(fields[1]))
