# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a bucket compared by what they do. PRIVATE to the collection: no other code may rely on it.

Stores give rules names, split them, sort them and fill in defaults. So rules become lines that a person reads, and two
sets of rules are equal if and only if their lines are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# The options of a lifecycle rule: what it does, in words, where S3 keeps it, and under which name.
ACTIONS = {
    "objects_days": ("objects {} days old", "Expiration", "Days"),
    "old_versions_days": ("versions {} days after they were replaced", "NoncurrentVersionExpiration", "NoncurrentDays"),
    "uploads_days": ("unfinished uploads after {} days", "AbortIncompleteMultipartUpload", "DaysAfterInitiation"),
    "delete_markers": ("delete markers without a version", "Expiration", "ExpiredObjectDeleteMarker"),
}

_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
# ACLs of single objects open nothing in either case: nobody reads them, and every upload may bring one.
PUBLIC_ACCESS = {
    "policy": dict(zip(_BLOCKS, (True, True, False, False))),
    "none": dict.fromkeys(_BLOCKS, True),
}


def lifecycle_lines(rules: Iterable[Mapping[str, Any]] | None) -> list[str]:
    """Return what the rules of a store delete, and when; a rule that is switched off deletes nothing."""
    return sorted({line for rule in rules or () if rule.get("Status") == "Enabled" for line in _rule_lines(rule)})


def _rule_lines(rule: Mapping[str, Any]) -> Iterable[str]:
    where = _where(rule)
    for element, value in rule.items():
        if element in ("ID", "Status", "Filter", "Prefix"):
            continue
        left = {key: each for key, each in value.items() if each} if isinstance(value, Mapping) else value
        for text, place, name in ACTIONS.values():
            if place == element and isinstance(left, dict) and list(left) == [name]:
                yield f"{where}: {text.format(left.pop(name))}"
        if left:  # what we do not know must not be lost, or two different rules would be equal
            yield f"{where}: {element} {json.dumps(left, sort_keys=True, default=str)}"


def _where(rule: Mapping[str, Any]) -> str:
    # The old place of a prefix and the newer one mean the same.
    conditions = {key: value for key, value in (rule.get("Filter") or {}).items() if value}
    prefix = conditions.pop("Prefix", "") or rule.get("Prefix") or ""
    where = prefix or "whole bucket"
    return f"{where} {json.dumps(conditions, sort_keys=True, default=str)}" if conditions else where


def lifecycle_rules(wanted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the options as rules of S3, one for each action: not every pair may share a rule."""
    actions = [
        (rule["prefix"], place, name, rule[option])
        for rule in wanted
        for option, (_text, place, name) in ACTIONS.items()
        if rule.get(option)
    ]
    return [
        {"ID": f"fediops-{number}", "Status": "Enabled", "Filter": {"Prefix": prefix}, place: {name: value}}
        for number, (prefix, place, name, value) in enumerate(actions, start=1)
    ]


def cors_lines(rules: Iterable[Mapping[str, Any]] | None) -> list[str]:
    """Return who may do what in a browser. The first rule that fits decides, so the order stays."""
    return list(dict.fromkeys(_cors_line(rule) for rule in rules or ()))


def _cors_line(rule: Mapping[str, Any]) -> str:
    def words(name: str) -> str:
        return ", ".join(sorted(set(rule.get(name) or ())))

    headers = ", ".join(sorted({header.lower() for header in rule.get("AllowedHeaders") or ()}))
    shown = ", ".join(sorted({header.lower() for header in rule.get("ExposeHeaders") or ()}))
    parts = [f"{words('AllowedMethods')} from {words('AllowedOrigins')}"]
    parts += [f"with {headers}"] if headers else []
    parts += [f"showing {shown}"] if shown else []
    parts += [f"for {rule['MaxAgeSeconds']} seconds"] if rule.get("MaxAgeSeconds") else []
    return "; ".join(parts)


def cors_rules(wanted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the options as rules of S3."""
    names = {
        "origins": "AllowedOrigins",
        "methods": "AllowedMethods",
        "headers": "AllowedHeaders",
        "expose": "ExposeHeaders",
        "max_age": "MaxAgeSeconds",
    }
    return [{name: rule[option] for option, name in names.items() if rule.get(option)} for rule in wanted]


def public_access(block: Mapping[str, Any] | None) -> str:
    """Return policy or none as the option has it, and anything else in words."""
    found = {name: bool((block or {}).get(name)) for name in _BLOCKS}
    known = next((name for name, blocks in PUBLIC_ACCESS.items() if blocks == found), "")
    return known or ", ".join(name for name in _BLOCKS if found[name]) or "nothing is blocked"


def ownership(rules: Sequence[Mapping[str, Any]] | None) -> str:
    """Return who owns the objects of a bucket; there is never more than one rule."""
    return str(rules[0].get("ObjectOwnership", "")) if rules else "not set"


def faults(lifecycle: Sequence[Mapping[str, Any]] | None) -> list[str]:
    """Return what is wrong with lifecycle rules: whatever one says by mistake deletes media for good."""
    found = []
    for rule in lifecycle or ():
        where = rule["prefix"] or "the whole bucket"
        if not any(rule.get(option) for option in ACTIONS):
            found.append(f"the lifecycle rule for {where} deletes nothing; give it one of {', '.join(ACTIONS)}")
        found += [
            f"the lifecycle rule for {where} has {option} {rule[option]}, which is not 1 or more"
            for option in ACTIONS
            if option.endswith("_days") and rule.get(option) is not None and rule[option] < 1
        ]
    return found
