# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service's figures in the form that Prometheus reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

_NAME = "nginx_media_gone"


def text(status: Mapping[str, Any]) -> str:
    """Write down what the service says of itself; what it does not know is left out."""
    outcomes = {f'{{outcome="{outcome}"}}': number for outcome, number in status["busts"].items()}
    work = {f'{{work="{what}"}}': number for what, number in sorted(status["open"].items())}
    lines = [
        *_group("busts_total", "counter", "Cache busts by what became of them.", outcomes),
        *_group("tombstones", "gauge", "Files that are never shown again.", {"": status["tombstones"]}),
        *_group("open", "gauge", "Work that is not done yet, by what it is.", work),
    ]
    age = status["hidden_age_seconds"]
    if age is not None:
        lines += _group("hidden", "gauge", "Objects that are hidden.", {"": status["hidden"]})
        lines += _group("hidden_age_seconds", "gauge", "Time since the database has said what to hide.", {"": age})
    return "\n".join(lines) + "\n"


def _group(end: str, kind: str, said: str, values: Mapping[str, float]) -> list[str]:
    if not values:
        return []
    head = [f"# HELP {_NAME}_{end} {said}", f"# TYPE {_NAME}_{end} {kind}"]
    return head + [f"{_NAME}_{end}{labels} {value}" for labels, value in values.items()]


def replace(file: Path, content: str) -> None:
    """Write a file that nobody ever sees half."""
    new = file.with_suffix(".new")
    new.write_text(content)
    new.replace(file)
