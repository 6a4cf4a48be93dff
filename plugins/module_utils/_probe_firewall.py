# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe of the firewall's own table. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding, clean, fail, ok, warn
from ansible_collections.fediops.mastodon.plugins.module_utils._port_names import some
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, ProbeError

NFT = "/usr/sbin/nft"
# What the kernel makes of the file, in a network of its own, where it does no harm.
TRY = f'{NFT} -f - && {NFT} -s list table inet "$1"'
PENDING = Path("/run/nft_table")


def firewall(context: Context, *, table: str, file: str, unit: str) -> Iterator[Finding]:
    """Compare the table that applies with the one that is loaded at boot."""
    try:
        applies = context.run([NFT, "-s", "list", "table", "inet", table])
    except ProbeError as error:
        if "No such file" not in error.detail:
            raise
        applies = ""
    try:
        text = Path(file).read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    wanted = context.run(["unshare", "--net", "--", "sh", "-c", TRY, "sh", table], text) if text else ""
    try:
        enabled = context.run(["systemctl", "is-enabled", unit]).strip()
    except ProbeError as error:
        enabled = clean(error.detail.rpartition(": ")[2])
    yield from judge(table, applies, wanted, enabled == "enabled", (PENDING / table / "token").exists())


def judge(table: str, applies: str, wanted: str, enabled: bool, pending: bool) -> Iterator[Finding]:
    """Say what is wrong, each fault by itself; else all in one row."""
    if not applies:
        yield fail(
            f"there is no table inet {table}: every port that something listens on is open",
            "systemctl reload-or-restart fediops-firewall, or run site.yml; then find out who deleted it",
        )
    elif pending:
        yield warn("new rules wait to be confirmed", "A run was killed a moment ago: run site.yml again")
    elif not wanted:
        yield fail("no rules are kept for the next boot", "Run site.yml")
    elif applies != wanted:
        yield fail(
            f"the table is not what was loaded: {_difference(wanted, applies)}",
            "systemctl reload fediops-firewall takes the change back; what is to stay belongs into the inventory",
        )
    if not enabled:
        yield fail("its unit is not enabled: after a boot everything is open", "Run site.yml")
    if applies and applies == wanted and enabled and not pending:
        rules = sum(" comment " in line for line in applies.splitlines())
        yield ok(f"table inet {table} applies unaltered, {rules} rules of it with a comment, and is loaded at boot")


def _difference(wanted: str, applies: str) -> str:
    """Return the first lines that differ, with a word that says in which of the two they are."""
    lines = difflib.unified_diff(wanted.splitlines(), applies.splitlines(), lineterm="", n=0)
    changed = [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    return some((f"{'added' if line[0] == '+' else 'missing'} {line[1:].strip()!r}" for line in changed), 2)
