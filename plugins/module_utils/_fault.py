# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a validation rule says about a bad value. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One fault of the input: which variable, what is wrong with it, and what the admin can do about it."""

    variable: str
    fault: str
    cure: str
    host: str = ""
