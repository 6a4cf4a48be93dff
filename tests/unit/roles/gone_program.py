# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of the program that knows what is gone have in common. Importing this makes it importable."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "roles" / "nginx_media" / "files" / "programs"))
from media_gone import cache


def is_gone(folder: Path, mark: str, file: str) -> bool:
    """Look where nginx looks."""
    return (folder / mark[1:]).is_file() or (folder / mark[1:] / file).is_file()


def copy(of: cache.Cache, key: str) -> Path:
    """Keep a copy the way nginx does."""
    digest = hashlib.md5(key.encode()).hexdigest()
    file = of.directory / digest[31] / digest[29:31] / digest
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"\5\0\0binary\nKEY: " + key.encode() + b"\nHTTP/1.1 200 OK\r\n\r\nKEY: /x\n")
    return file
