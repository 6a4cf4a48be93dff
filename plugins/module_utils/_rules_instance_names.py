# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about names that are set to no effect, and about the owner. PRIVATE to the collection.

Ansible never complains of a variable that nobody reads, so a typo is a setting that silently stays at its default.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault
from ansible_collections.fediops.mastodon.plugins.module_utils._inventory import (
    OBSERVER,
    ROLES,
    Inventory,
    InventoryRule,
)

NEAR = 2
SHORTEST = 6  # two letters of a short name are most of it
_USERNAME = re.compile(r"[A-Za-z0-9_]{1,30}")
_EMAIL = re.compile(r"[^@\s<>,;\"]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_BUCKET = re.compile(r"[a-z0-9]([a-z0-9-]{1,61})[a-z0-9]")


def distance(one: str, two: str, limit: int = NEAR) -> int:
    """Return how many letters to insert, delete or change to make one name of the other; above the limit: limit + 1."""
    if abs(len(one) - len(two)) > limit:
        return limit + 1
    row = list(range(len(two) + 1))
    for i, left in enumerate(one, 1):
        previous, row[0] = row[0], i
        for j, right in enumerate(two, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (left != right))
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)


def nearest(name: str, candidates: Iterable[str]) -> str:
    """Return the candidate that is nearest to a name, or an empty string when none is near."""
    ranked = sorted((distance(name, candidate), candidate) for candidate in candidates)
    return ranked[0][1] if ranked and ranked[0][0] <= NEAR else ""


def groups_are_spelt_right(inventory: Inventory) -> Iterable[Fault]:
    """A host in group postgress gets no database, and no play says so."""
    ours = (*ROLES, OBSERVER)
    for group in inventory.groups:
        meant = "" if group in ours or group in inventory.allowed or len(group) < 4 else nearest(group, ours)
        if meant:
            yield Fault(
                f"group {group}",
                "no role has this name",
                f"Did you mean {meant}? If not, add {group} to preflight_allowed_names",
            )


def variables_are_spelt_right(inventory: Inventory) -> Iterable[Fault]:
    """The same for variables."""
    for name, places in inventory.set_names.items():
        if name in inventory.known or name in inventory.allowed or name.startswith("ansible_") or len(name) < SHORTEST:
            continue
        meant = nearest(name, inventory.known)
        if meant:
            yield Fault(
                name,
                f"nothing reads it (set in {', '.join(places)})",
                f"Did you mean {meant}? If not, add {name} to preflight_allowed_names",
            )


def wired_names_are_left_alone(inventory: Inventory) -> Iterable[Fault]:
    """The playbook's own assignment beats the inventory's, which would be ignored without a word."""
    for name, places in inventory.set_names.items():
        if name not in inventory.wired:
            continue
        wired = inventory.wired[name]
        if wired.twins:
            cure = f"set {' or '.join(wired.twins)} instead"
        elif wired.secret:
            cure = "its value belongs into the instance's secret store"
        else:
            cure = "it follows from the groups and addresses"
        yield Fault(name, f"it is set in {', '.join(places)}, but {wired.place} decides it", f"Remove it: {cure}")


def owner_has_a_name(inventory: Inventory) -> Iterable[Fault]:
    """The first account is made by the first run."""
    value = inventory.instance("instance_owner_username")
    if value in (None, ""):
        yield Fault("instance_owner_username", "it is not set", "Set it to the name of your account, such as alice")
    elif not isinstance(value, str) or not _USERNAME.fullmatch(value):
        yield Fault(
            "instance_owner_username",
            f"{value!r} is not an account name",
            "Use at most 30 letters, digits and underscores, without @ and domain",
        )


def owner_has_an_address(inventory: Inventory) -> Iterable[Fault]:
    """Mastodon sends the owner reports and security mails, and resets his password by mail."""
    value = inventory.instance("instance_owner_email")
    if value in (None, ""):
        yield Fault("instance_owner_email", "it is not set", "Set it to an address where you read mail")
    elif not isinstance(value, str) or not _EMAIL.fullmatch(value):
        yield Fault("instance_owner_email", f"{value!r} is not a mail address", "Write it as name@domain")


def bucket_has_a_legal_name(inventory: Inventory) -> Iterable[Fault]:
    """It stands in addresses; S3 servers differ in what else they let pass."""
    value = inventory.instance("instance_bucket")
    if value is not None and (not isinstance(value, str) or not _BUCKET.fullmatch(value)):
        yield Fault(
            "instance_bucket",
            f"{value!r} is not a bucket name",
            "Use 3 to 63 small letters, digits and hyphens; begin and end with a letter or digit",
        )


RULES: tuple[InventoryRule, ...] = (
    groups_are_spelt_right,
    variables_are_spelt_right,
    wired_names_are_left_alone,
    owner_has_a_name,
    owner_has_an_address,
    bucket_has_a_legal_name,
)
