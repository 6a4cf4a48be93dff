# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text for the C(env_file) of a Compose service. PRIVATE to the collection: no other code may rely on it.

Compose reads such a file with a grammar of its own, neither the shell's nor Ruby's dotenv. What matters of it here:
an unquoted value ends at `` #`` and has C($NAME) replaced; between single quotes nothing is replaced and a backslash
stands for itself, except that C(\\') is a quote, and that two backslashes are taken together, so that an odd number of
them before a quote, or at the end, cannot be written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

# An empty value is a setting of its own for these two (no ACL on uploads; no update check). For the others Mastodon
# asks whether the variable exists, not what is in it, and an empty one switches something on or breaks a URL.
EMPTY_MEANS_SOMETHING = frozenset({"S3_PERMISSION", "UPDATE_CHECK_URL"})

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BARE = re.compile(r"[A-Za-z0-9_=@%+,./:-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_UNWRITABLE_BACKSLASH = re.compile(r"(?<!\\)(?:\\\\)*\\(?:'|$)")


class EnvError(ValueError):
    """A variable that an env file cannot hold. The text names the variable and never shows its value."""


def scalar(name: str, value: Any) -> str:
    """Return one value as Mastodon reads it: C(true) and C(false) in small letters, a list with commas."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return ",".join(scalar(name, member) for member in value)
    raise EnvError(f"{name} is a {type(value).__name__}; an env file holds text, whole numbers, booleans and lists")


def quote(name: str, value: str) -> str:
    """Return the value as it has to stand in the file so that Compose reads exactly the value."""
    if _CONTROL.search(value):
        raise EnvError(f"{name} holds a line break or another control character")
    if not value or _BARE.fullmatch(value):
        return value
    if _UNWRITABLE_BACKSLASH.search(value):
        raise EnvError(f"{name} holds a backslash at its end or before a quote, which an env file cannot express")
    return "'" + value.replace("'", "\\'") + "'"


def lines(variables: Mapping[str, Any]) -> Iterable[str]:
    """Yield one line for each variable that has a value, in the order given."""
    for name, value in variables.items():
        if not _NAME.fullmatch(name):
            raise EnvError(f"{name!r} is not a name that an environment variable can have")
        text = "" if value is None else scalar(name, value)
        if text or (value is not None and name in EMPTY_MEANS_SOMETHING):
            yield f"{name}={quote(name, text)}"


def render(variables: Mapping[str, Any]) -> str:
    """Return the whole text; a variable without a value is left out."""
    return "".join(f"{line}\n" for line in lines(variables))
