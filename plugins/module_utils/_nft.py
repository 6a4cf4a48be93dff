# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One nftables table as text, and what undoes its change. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

# Documented in plugins/modules/nft_table.py. The action speaks to the module with names that begin with "_".
ARGUMENTS: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "content": {"type": "str", "required": True},
    "path": {"type": "path", "required": True},
    "lets_in": {"type": "list", "elements": "dict"},
    "rollback_seconds": {"type": "int", "default": 60},
}
STEPS = ("read", "load", "confirm")

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_INERT = re.compile(r'"[^"]*"|#[^\n]*')  # as nft itself reads them: a text in quotes may go over lines

# Runs when the timer ends. The token says whether anybody has confirmed or loaded anew since it was armed: a timer that
# an earlier run has left behind finds another token and does nothing. It must not wait for ever for a run that hangs.
ROLLBACK = """\
cd {state} || exit 0
exec 9>lock
flock -w 10 9
[ "$(cat token 2>/dev/null)" = "$1" ] || exit 0
nft -f before.nft || nft delete table inet {name}
rm token
echo "Nobody confirmed the new table inet {name} over a new connection: what was there before is there again."
"""


@dataclass(frozen=True)
class State:
    """What there is of a table. Two that are equal need no change."""

    listing: str | None  # as nft lists it; None when there is no such table
    file: str | None  # the file that is loaded at boot
    pending: bool = False  # a table was loaded, and nobody has confirmed it yet


def problem(name: str, content: str) -> str:
    """Return why this cannot be one table of its own, or an empty text."""
    if not _NAME.fullmatch(name):
        return f"name {name!r} is not a plain word of at most 32 small letters, digits and underscores"
    bare = _INERT.sub("", content)
    depth = 0
    for sign in bare:
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth < 0:
            break
    if depth:
        return "content has braces that do not match, so it would reach out of its table"
    return "content includes another file, which could hold anything" if re.search(r"\binclude\b", bare) else ""


def document(name: str, content: str) -> str:
    """Return the file: it replaces the table in one transaction, and touches nothing else."""
    digest = hashlib.sha256(content.encode()).hexdigest()
    inside = "".join(f"    {line}\n" if line.strip() else "\n" for line in content.splitlines())
    return (
        "# Written by Ansible (fediops.mastodon.nft_table). A change made here is undone by the next run.\n"
        f'{replacing(name)}table inet {name} {{\n    comment "fediops sha256:{digest}"\n\n{inside}}}\n'
    )


def replacing(name: str) -> str:
    """Return what makes place for a table, whether there is one or not."""
    return f"table inet {name}\ndelete table inet {name}\n"


def restoring(name: str, listing: str | None) -> str:
    """Return what brings back the table as it was listed, or that there was none."""
    return replacing(name) + (listing or "")
