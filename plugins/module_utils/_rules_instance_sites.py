# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about what the edge serves. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault
from ansible_collections.fediops.mastodon.plugins.module_utils._inventory import Inventory, InventoryRule, domain


def _sites(inventory: Inventory) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for host, sites in inventory.values("caddy", "caddy_sites"):
        for site in sites if isinstance(sites, list) else []:
            if isinstance(site, Mapping):
                yield host, site


def _names(site: Mapping[str, Any]) -> list[Any]:
    names = site.get("hosts")
    return names if isinstance(names, list) else []


def _served(inventory: Inventory, *kinds: str) -> set[Any]:
    return {name for _host, site in _sites(inventory) if site.get("kind") in kinds for name in _names(site)}


def _sites_are_known(inventory: Inventory) -> bool:
    # Without sites, another fault says why; "nobody serves" would only repeat it.
    return bool(list(_sites(inventory)))


def _not_served(inventory: Inventory, which: str, *kinds: str) -> Iterable[Fault]:
    name = domain(inventory, which)
    if name and _sites_are_known(inventory) and name not in _served(inventory, *kinds):
        yield Fault(
            f"instance_{which}",
            f"no site of a caddy host serves {name}",
            f"Add it to caddy_sites, as a site of kind {' or '.join(kinds)}",
        )


def edge_exists(inventory: Inventory) -> Iterable[Fault]:
    """Nothing else answers on ports 80 and 443."""
    if inventory.working_hosts() and not inventory.members("caddy"):
        yield Fault(
            "group caddy",
            "it has no host, so nobody can reach the instance",
            "Put the host that has the public address into group caddy",
        )


def web_domain_is_served(inventory: Inventory) -> Iterable[Fault]:
    """The web interface, the API and federation live there."""
    yield from _not_served(inventory, "web_domain", "instance")


def handle_domain_is_served(inventory: Inventory) -> Iterable[Fault]:
    """Other servers ask it where an account lives (WebFinger), also when the web interface has another name."""
    if domain(inventory, "domain") != domain(inventory, "web_domain"):
        yield from _not_served(inventory, "domain", "instance", "redirect")


def media_domain_is_served(inventory: Inventory) -> Iterable[Fault]:
    """Every picture's address points there."""
    yield from _not_served(inventory, "media_domain", "media")


def s3_domain_is_served(inventory: Inventory) -> Iterable[Fault]:
    """The app writes through this name, and browsers follow signed links to it."""
    if inventory.members("minio"):
        yield from _not_served(inventory, "s3_domain", "s3")


def media_host_exists(inventory: Inventory) -> Iterable[Fault]:
    """The media site of the edge has nobody to ask."""
    if inventory.working_hosts() and not inventory.members("nginx_media"):
        yield Fault(
            "group nginx_media",
            "it has no host, so nobody serves pictures and videos",
            "Put a host into group nginx_media",
        )


RULES: tuple[InventoryRule, ...] = (
    edge_exists,
    web_domain_is_served,
    handle_domain_is_served,
    media_domain_is_served,
    s3_domain_is_served,
    media_host_exists,
)
