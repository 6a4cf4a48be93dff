# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running rules and telling people what they found. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault

Rule = Callable[[Mapping[str, Any]], Iterable[Fault]]

_PACKAGE = "ansible_collections.fediops.mastodon.plugins.module_utils"


def role_rules(role: str) -> tuple[Rule, ...]:
    """Return the rules of a role; a role without a rules module raises LookupError that names the module."""
    name = f"{_PACKAGE}._rules_{role}"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise LookupError(f"role {role!r} has no rules: {name} does not exist") from None
    rules: tuple[Rule, ...] = module.RULES
    return rules


def apply(rules: Iterable[Rule], variables: Mapping[str, Any], host: str = "") -> list[Fault]:
    """Run every rule over one host's variables; each fault carries the host's name."""
    return [dataclasses.replace(fault, host=fault.host or host) for rule in rules for fault in rule(variables)]


def sentence(text: str) -> str:
    """Return the text as a sentence: rules need not agree on the final dot."""
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def describe(faults: Iterable[Fault]) -> str:
    """Return all faults as text, grouped by host, one line each: variable, what is wrong, what to do."""
    by_host: dict[str, list[Fault]] = {}
    for fault in dict.fromkeys(faults):
        by_host.setdefault(fault.host, []).append(fault)
    lines: list[str] = []
    for host in sorted(by_host):
        lines.append(f"{host or 'the whole instance'}:")
        lines += [f"  - {f.variable}: {sentence(f.fault)} {sentence(f.cure)}" for f in by_host[host]]
    return "\n".join(lines)
