# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory as plain data, for the rules that look at all of it. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable

from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault

ROLES = ("tinc_vpn", "firewall", "postgres", "redis", "minio", "nginx_media", "caddy", "mastodon")
# A group of hosts that only look at the instance from outside; no role is applied to them.
OBSERVER = "observer"

# More names of the media host: those that show the same, and those of the past.
MEDIA_LISTS = ("instance_media_swap_domains", "instance_media_old_domains")


@dataclass(frozen=True)
class Wired:
    """A name that the playbook's own group_vars assign."""

    place: str
    twins: tuple[str, ...] = ()  # the instance_* variables that an admin sets in its stead
    sources: frozenset[str] = frozenset()  # these, and those that they in turn get their defaults from
    secret: bool = False  # the value comes from the secret store


@dataclass(frozen=True)
class Inventory:
    """What is known before the first change. Values are templated; what could not be templated is absent."""

    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    hosts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    probes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)  # hosts that were asked and did not answer: why
    set_names: Mapping[str, Sequence[str]] = field(default_factory=dict)  # set in the inventory: name to places
    wired: Mapping[str, Wired] = field(default_factory=dict)
    known: frozenset[str] = frozenset()  # every variable that the collection reads
    allowed: frozenset[str] = frozenset()  # names that only look like one of ours

    def members(self, role: str) -> list[str]:
        """Return the hosts of a role's group."""
        return list(self.groups.get(role, ()))

    def working_hosts(self) -> list[str]:
        """Return the hosts that any role is applied to, in the order of the roles."""
        return list(dict.fromkeys(host for role in ROLES for host in self.members(role)))

    def values(self, role: str, name: str) -> Iterator[tuple[str, Any]]:
        """Yield host and value for each member of a role's group that has the variable."""
        for host in self.members(role):
            if name in self.hosts.get(host, {}):
                yield host, self.hosts[host][name]

    def instance(self, name: str) -> Any:
        """Return an instance_* variable, None when no host has it: the inventory is that of one instance."""
        for host in self.working_hosts() or self.hosts:
            value = self.hosts.get(host, {}).get(name)
            if value is not None:
                return value
        return None

    def text(self, name: str) -> str:
        """Return an instance_* variable that is text; anything else counts as not set."""
        value = self.instance(name)
        return value if isinstance(value, str) else ""


InventoryRule = Callable[[Inventory], Iterable[Fault]]


def domain(inventory: Inventory, which: str) -> str:
    """Return the effective domain (domain, web_domain, media_domain, s3_domain), or an empty string."""
    own = inventory.text(f"instance_{which}")
    if own or which == "domain":
        return own
    if which == "web_domain":
        return domain(inventory, "domain")
    web = domain(inventory, "web_domain")
    return f"{which.partition('_')[0]}.{web}" if web else ""


def number(value: Any) -> int | None:
    """Return a whole number, also when it is written as text; None when it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    try:
        return int(value)
    except ValueError:
        return None
