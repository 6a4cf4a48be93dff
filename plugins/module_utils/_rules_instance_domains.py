# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about the names of an instance. PRIVATE to the collection.

A wrong LOCAL_DOMAIN is the one mistake that can never be corrected: other servers know every account by it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator

from ansible_collections.fediops.mastodon.plugins.module_utils import _syntax
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault
from ansible_collections.fediops.mastodon.plugins.module_utils._inventory import (
    MEDIA_LISTS,
    Inventory,
    InventoryRule,
    domain,
)

NAMES = ("domain", "web_domain", "media_domain", "s3_domain")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NOT_IN_A_NAME = re.compile(r"[:/@?#\s]")
# Reserved for texts like ours: RFC 2606.
DOCUMENTATION_ENDINGS = ("example", "example.com", "example.net", "example.org")


def _given(inventory: Inventory) -> Iterator[tuple[str, str]]:
    for which in NAMES:
        value = inventory.text(f"instance_{which}")
        if value:
            yield f"instance_{which}", value
    for variable in MEDIA_LISTS:
        for value in _syntax.listed(inventory.instance(variable)):
            if isinstance(value, str):
                yield variable, value


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value.strip("[]"))
    except ValueError:
        return False
    return True


def _is_under(name: str, endings: Iterable[str]) -> bool:
    return any(name == ending or name.endswith(f".{ending}") for ending in endings)


def domain_is_set(inventory: Inventory) -> Iterable[Fault]:
    """Everything else is derived from it."""
    if not domain(inventory, "domain"):
        yield Fault(
            "instance_domain",
            "it is not set",
            "Set it to the domain of the accounts, such as social.example.org. It can never be changed later",
        )


def domain_is_a_bare_name(inventory: Inventory) -> Iterable[Fault]:
    """People paste what stands in the browser."""
    for variable, value in _given(inventory):
        if _NOT_IN_A_NAME.search(value) and not _is_address(value):
            bare = re.sub(r"^[a-z]+://", "", value.strip(), flags=re.IGNORECASE)
            bare = re.split(r"[:/?#\s]", bare.rpartition("@")[2])[0]
            yield Fault(
                variable, f"{value!r} is not a bare domain name", f"Write it without scheme, port and path: {bare}"
            )


def domain_is_not_an_address(inventory: Inventory) -> Iterable[Fault]:
    """Accounts are named after a domain; an address cannot stand in a handle."""
    for variable, value in _given(inventory):
        if _is_address(value):
            yield Fault(
                variable, f"{value} is an IP address, not a domain name", "Set it to a domain that points there"
            )


def domain_is_lower_case(inventory: Inventory) -> Iterable[Fault]:
    """Mastodon compares domains as text in some places."""
    for variable, value in _given(inventory):
        if value != value.lower() and not _NOT_IN_A_NAME.search(value):
            yield Fault(variable, f"{value!r} has capital letters", f"Write it as {value.lower()}")


def domain_is_ascii(inventory: Inventory) -> Iterable[Fault]:
    """LOCAL_DOMAIN is compared with what other servers send, and they send punycode."""
    for variable, value in _given(inventory):
        if not value.isascii():
            try:
                cure = f"Write it in punycode: {value.encode('idna').decode()}"
            except UnicodeError:
                cure = "Write it in punycode (xn--...)"
            yield Fault(variable, f"{value!r} has letters that are not ASCII", cure)


def domain_is_well_formed(inventory: Inventory) -> Iterable[Fault]:
    """Whatever the more exact rules above do not name: a missing dot, an underscore, an empty label."""
    for variable, value in _given(inventory):
        if _NOT_IN_A_NAME.search(value) or not value.isascii() or _is_address(value):
            continue
        labels = value.lower().split(".")
        if len(labels) < 2 or len(value) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
            yield Fault(
                variable,
                f"{value!r} is not a domain name",
                "Use at least two parts of letters, digits and hyphens, joined by dots",
            )


def domain_is_your_own(inventory: Inventory) -> Iterable[Fault]:
    """An example inventory was copied and not filled in."""
    for variable, value in _given(inventory):
        if _is_under(value, DOCUMENTATION_ENDINGS):
            yield Fault(variable, f"{value} is a name from the documentation", "Set it to a domain that is yours")


def names_differ(inventory: Inventory) -> Iterable[Fault]:
    """Uploads of strangers must not share an origin with the web interface, nor the store's API with either."""
    taken = {domain(inventory, "web_domain"): "instance_web_domain", domain(inventory, "domain"): "instance_domain"}
    for which in ("media_domain", "s3_domain"):
        name = domain(inventory, which)
        if name and name in taken:
            yield Fault(f"instance_{which}", f"{name} is the value of {taken[name]} too", "Give each its own name")
        taken.setdefault(name, f"instance_{which}")


def more_media_names_are_lists(inventory: Inventory) -> Iterable[Fault]:
    """A text in the place of a list would be taken for a list of letters."""
    for variable in MEDIA_LISTS:
        value = inventory.instance(variable)
        names = _syntax.listed(value)
        if value is not None and (not isinstance(value, list) or not all(isinstance(name, str) for name in names)):
            yield Fault(variable, f"{value!r} is not a list of names", "Write it like [old-media.example.org]")


def more_media_names_are_others(inventory: Inventory) -> Iterable[Fault]:
    """A name is served, or leads elsewhere; it cannot do both."""
    taken = {domain(inventory, which): f"instance_{which}" for which in NAMES}
    for variable in MEDIA_LISTS:
        for name in _syntax.listed(inventory.instance(variable)):
            if isinstance(name, str) and name in taken:
                yield Fault(variable, f"{name} is in {taken[name]} already", "Remove it from one of the two")
            elif isinstance(name, str):
                taken[name] = variable


def _kept(inventory: Inventory, which: str, reason: str) -> Iterable[Fault]:
    wanted = domain(inventory, which)
    for host, probe in inventory.probes.items():
        # An instance without a WEB_DOMAIN of its own is served under its LOCAL_DOMAIN.
        live = probe.get("local_domain") if which == "domain" else probe.get("web_domain") or probe.get("local_domain")
        if wanted and live and live != wanted:
            yield Fault(
                f"instance_{which}",
                f"it is {wanted}, but the instance that lives on this host is {live}",
                f"Set it back to {live}: {reason}",
                host,
            )


def local_domain_is_kept(inventory: Inventory) -> Iterable[Fault]:
    """Other servers know each account under this name, and nothing tells them of a new one."""
    yield from _kept(inventory, "domain", "it is part of every account's name")


def web_domain_is_kept(inventory: Inventory) -> Iterable[Fault]:
    """Every post and account has an address under it that other servers keep."""
    yield from _kept(inventory, "web_domain", "it is part of every post's address")


RULES: tuple[InventoryRule, ...] = (
    domain_is_set,
    domain_is_a_bare_name,
    domain_is_not_an_address,
    domain_is_lower_case,
    domain_is_ascii,
    domain_is_well_formed,
    domain_is_your_own,
    names_differ,
    more_media_names_are_lists,
    more_media_names_are_others,
    local_domain_is_kept,
    web_domain_is_kept,
)
