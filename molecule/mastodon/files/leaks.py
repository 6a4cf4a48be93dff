# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read secrets from standard input, one a line, and say where everybody can read one of them."""

from __future__ import annotations

import sys
from pathlib import Path

secrets = [line.encode() for line in sys.stdin.read().split()]
found = []
for file in Path("/proc").glob("[0-9]*/cmdline"):
    try:
        if any(secret in file.read_bytes() for secret in secrets):
            found.append(str(file))
    except OSError:
        continue
for folder in ("/etc", "/var/lib/mastodon", "/var/log", "/var/tmp", "/home", "/root"):
    for file in Path(folder).rglob("*"):
        if (
            file.is_file()
            and not file.is_symlink()
            and file.stat().st_mode & 0o004
            and any(secret in file.read_bytes() for secret in secrets)
        ):
            found.append(str(file))
sys.exit("\n".join(found) or 0)
