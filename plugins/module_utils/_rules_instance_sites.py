# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about what the edge serves. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils import _syntax
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault
from ansible_collections.fediops.mastodon.plugins.module_utils._inventory import (
    MEDIA_LISTS,
    Inventory,
    InventoryRule,
    domain,
)


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


def _is_split(inventory: Inventory) -> bool:
    """Tell whether the web interface has another name than the handles."""
    return domain(inventory, "domain") != domain(inventory, "web_domain")


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
    if _is_split(inventory) and inventory.instance("instance_handles") is not False:
        yield from _not_served(inventory, "domain", "instance", "redirect", "handles")


def handles_are_a_choice(inventory: Inventory) -> Iterable[Fault]:
    """Text counts as true in a condition, "false" included."""
    value = inventory.instance("instance_handles")
    if value is not None and not isinstance(value, bool):
        yield Fault(
            "instance_handles",
            f"{value!r} is neither true nor false",
            "Write false, without quotes, when another server answers for instance_domain",
        )


def website_is_led_to(inventory: Inventory) -> Iterable[Fault]:
    """A home page that nobody is sent to is a misunderstanding."""
    served = _is_split(inventory) and inventory.instance("instance_handles") is not False
    if inventory.instance("instance_website") is not None and not served:
        yield Fault(
            "instance_website",
            "it has no effect: our edge serves no domain of the handles alone",
            "Remove it; it needs an instance_web_domain of its own, and instance_handles not false",
        )


def media_domain_is_served(inventory: Inventory) -> Iterable[Fault]:
    """Every picture's address points there."""
    yield from _not_served(inventory, "media_domain", "media")


def more_media_names_are_served(inventory: Inventory) -> Iterable[Fault]:
    """Links to them are in posts and in the caches of other servers."""
    for variable, kind in zip(MEDIA_LISTS, ("media", "redirect")):
        for name in _syntax.listed(inventory.instance(variable)):
            if isinstance(name, str) and _sites_are_known(inventory) and name not in _served(inventory, kind):
                yield Fault(
                    variable,
                    f"no site of a caddy host serves {name}",
                    f"Add it to caddy_sites, as a site of kind {kind}",
                )


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
    handles_are_a_choice,
    website_is_led_to,
    media_domain_is_served,
    more_media_names_are_served,
    s3_domain_is_served,
    media_host_exists,
)
