# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running rules and telling people what they found. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Collection, Iterable, Mapping
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


def describe(faults: Collection[Fault]) -> str:
    """Return all faults as text, grouped by host: what is wrong, and what to do about it."""
    hosts: dict[Fault, list[str]] = {}
    for fault in faults:
        hosts.setdefault(dataclasses.replace(fault, host=""), []).append(fault.host)
    # What is wrong on several hosts alike is said once.
    groups: dict[str, list[Fault]] = {}
    for fault, names in hosts.items():
        groups.setdefault(", ".join(sorted(set(names) - {""})), []).append(fault)
    count = "1 fault was" if len(hosts) == 1 else f"{len(hosts)} faults were"
    lines = [f"{count} found. Nothing was changed."]
    # The inventory as a whole comes first: faults of a host often follow from it.
    for where in sorted(groups):
        lines.append(f"On {where}:" if where else "In the whole inventory:")
        lines += [f"  - {f.variable}: {sentence(f.fault)} {sentence(f.cure)}" for f in groups[where]]
    return "\n".join(lines)
