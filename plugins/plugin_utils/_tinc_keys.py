# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public halves of tinc keys that the controller keeps. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import os
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible_collections.fediops.mastodon.plugins.module_utils import _rsa, _tinc


def write(file: Path, text: str, *, dry: bool) -> bool:
    """Have the text in a file that everybody may read; tell whether it was another one."""
    try:
        if file.read_text(encoding="utf-8") == text:
            return False
    except FileNotFoundError:
        pass
    if not dry:
        _make_directory(file.parent)
        # Several hosts write at once, each its own files; a reader sees the old text or the new one.
        fresh = file.with_name(f".{file.name}.{os.getpid()}")
        fresh.write_text(text, encoding="utf-8")
        fresh.chmod(0o644)
        fresh.replace(file)
    return True


def _make_directory(directory: Path) -> None:
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        path.chmod(0o755)


def read(folder: Path, net: _tinc.Net) -> dict[str, str]:
    """Return the public halves of a net's nodes, as far as they are known."""
    found: dict[str, str] = {}
    for node in net.nodes:
        file = folder / net.name / f"{node.name}.pub"
        where, text = f"public_key of {node.name}", node.public_key
        if not text and file.exists():
            where, text = str(file), file.read_text(encoding="utf-8", errors="replace")
        if text:
            wrong = _rsa.fault(text)
            if wrong:
                raise AnsibleActionFail(f"{where}: {wrong}. Correct it, or remove it and run this again.")
            found[node.name] = _rsa.canonical(text)
    return found
