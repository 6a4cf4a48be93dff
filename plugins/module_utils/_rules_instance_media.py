# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about what the media host is told of deletions and of moderation. PRIVATE to the collection."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault
from ansible_collections.fediops.mastodon.plugins.module_utils._inventory import Inventory, InventoryRule

DATABASE_KEYS = ("host", "port", "name", "user", "password", "tls", "certificate")


def media_address_is_an_address(inventory: Inventory) -> Iterable[Fault]:
    """The app is allowed to fetch from it: loopback would be everything that listens on its own host."""
    value = inventory.instance("instance_media_address")
    if value in (None, ""):
        return
    try:
        address = ipaddress.ip_address(value) if isinstance(value, str) else None
    except ValueError:
        address = None
    if address is None:
        yield Fault("instance_media_address", f"{value!r} is not an IP address", "Write one address of the media host")
    elif address.is_loopback or address.is_unspecified:
        yield Fault(
            "instance_media_address",
            f"{value} is the app's own host, with all that listens there on loopback",
            "Write the address at which others reach the media host",
        )


def media_host_is_found_behind_a_cdn(inventory: Inventory) -> Iterable[Fault]:
    """The app asks nobody whether it was heard: a CDN that keeps the request to itself would go unnoticed for ever."""
    cdn = inventory.instance("instance_media_origin")
    if cdn and inventory.members("nginx_media") and not inventory.instance("instance_media_address"):
        yield Fault(
            "instance_media_address",
            "it is not set, and at the media host's name there is a CDN, which does not pass on what was deleted",
            "Set it to the address of the edge that serves media",
        )


def media_database_is_somebody_else_s(inventory: Inventory) -> Iterable[Fault]:
    """Of a database of ours everything is known."""
    value: Any = inventory.instance("instance_media_database")
    name = "instance_media_database"
    if value is None:
        return
    if inventory.members("postgres"):
        yield Fault(name, "the database is ours, so its address is known", "Remove it")
    elif not isinstance(value, Mapping) or not set(value) <= set(DATABASE_KEYS):
        yield Fault(name, "it is not a mapping of what is known there", f"Use {', '.join(DATABASE_KEYS)}, or {{}}")


def cache_buster_is_somebody_else_s(inventory: Inventory) -> Iterable[Fault]:
    """The app tells one media host; ours are told by themselves."""
    if inventory.instance("instance_cache_buster") and inventory.members("nginx_media"):
        yield Fault("instance_cache_buster", "group nginx_media has hosts, which the app tells already", "Remove it")


RULES: tuple[InventoryRule, ...] = (
    media_address_is_an_address,
    media_host_is_found_behind_a_cdn,
    media_database_is_somebody_else_s,
    cache_buster_is_somebody_else_s,
)
