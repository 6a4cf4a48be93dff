# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets out of the env file of an instance that was made by hand. PRIVATE to the collection."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ansible_collections.fediops.mastodon.plugins.module_utils._secrets import KINDS

_LINE = re.compile(r"\s*(?:export\s+)?(?P<key>[A-Za-z0-9_]+)\s*[=:]\s*(?P<value>.*?)\s*$")


def _unquoted(value: str) -> str:
    # The three forms of an env file. Escapes are left as they are: no secret that we accept has a backslash.
    for quote in ("'", '"'):
        if value.startswith(quote):
            return value[1:].partition(quote)[0]
    return value.partition(" #")[0].rstrip()


def from_env_file(text: str) -> dict[str, str]:
    """Return the secrets that an env file holds, by our names. Blank ones count as absent, the last of a name wins."""
    by_env = {kind.env: name for name, kind in KINDS.items() if kind.env}
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _LINE.match(line)
        if match and match["key"] in by_env:
            found[by_env[match["key"]]] = _unquoted(match["value"])
    return {name: value for name, value in found.items() if value}


def conflicts(store: Mapping[str, str], imported: Mapping[str, str]) -> list[str]:
    """Return the names for which the store already holds another value."""
    return [name for name, value in imported.items() if store.get(name, value) != value]
