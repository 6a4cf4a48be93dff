# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One line of JSON for each thing that was looked at."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def told(name: str, good: bool, detail: str) -> None:
    """Report one check."""
    print(json.dumps({"name": name, "good": good, "detail": detail[:400]}), flush=True)


def facts(**values: Any) -> None:
    """Hand something to the program outside."""
    print(json.dumps({"facts": values}), flush=True)


def tried(name: str, look: Callable[..., str], *arguments: Any) -> None:
    """Report what a look returns as good, and what it raises as bad."""
    try:
        detail = look(*arguments)
    except Exception as error:  # whatever happens to a look is its result
        told(name, False, f"{type(error).__name__}: {error}")
    else:
        told(name, True, detail)


def insist(condition: bool, words: str) -> None:
    """Raise unless it is so."""
    if not condition:
        raise RuntimeError(words)
