# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of PostgreSQL's configuration files. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# A setting of the server, or one of an extension: "jit", "pg_stat_statements.max".
SETTING_NAME = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?")


def quote(value: Any) -> str:
    """Return a value as PostgreSQL's configuration parser reads it back: unchanged."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return quote(",".join(str(member) for member in value))
    if not isinstance(value, str):
        raise ValueError(f"a setting cannot be a {type(value).__name__}")
    if re.search(r"[\x00-\x1f\x7f]", value):
        raise ValueError("a setting cannot contain control characters")
    return "'{}'".format(value.replace("\\", "\\\\").replace("'", "''"))


def settings_text(settings: Mapping[str, Any]) -> str:
    """Return settings as the lines of a configuration file, in the order given."""
    for name in settings:
        if not SETTING_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of a setting")
    return "\n".join(f"{name} = {quote(value)}" for name, value in settings.items())
