# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the caddy role refuses about names for a CDN. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ansible_collections.fediops.mastodon.plugins.module_utils import _rules_caddy_sites, _syntax
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault
from ansible_collections.fediops.mastodon.plugins.module_utils._rules_caddy_sites import VARIABLE, label, sites


def _origin(site: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the names for the CDN and their certificate; nothing when the site has none, or they are malformed."""
    origin = site.get("origin")
    return origin if isinstance(origin, Mapping) else {}


def any_is_internal(variables: Mapping[str, Any]) -> bool:
    """Tell whether Caddy's own authority signs for a CDN."""
    return any(_origin(site).get("internal") for site in sites(variables))


def hosts_without_certificate(site: Mapping[str, Any]) -> list[Any]:
    """Return the names of a site for which the role's issuer has to bring a certificate."""
    origin = _origin(site)
    return ([] if site.get("tls") else _syntax.listed(site.get("hosts"))) + (
        [] if origin.get("tls") or origin.get("internal") else _syntax.listed(origin.get("hosts"))
    )


def origins_are_whole(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A CDN needs a name to connect to, and one certificate to expect."""
    for site in sites(variables):
        if site.get("origin") is None:
            continue
        origin = _origin(site)
        if not _syntax.listed(origin.get("hosts")):
            yield Fault(
                VARIABLE,
                f"{label(site)}: its origin has no hosts",
                "List the names that the CDN connects to, or remove origin",
            )
        if origin.get("tls") is not None and (origin.get("internal") or not _rules_caddy_sites.is_pair(origin["tls"])):
            yield Fault(
                VARIABLE,
                f"{label(site)}: tls of its origin lacks a half, is no absolute path, or internal is set as well",
                "Write tls: {certificate: /path/to/chain.pem, key: /path/to/key.pem}, or internal: true, or neither",
            )


def cdns_may_speak_for_visitors(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Unless the CDN is believed, all visitors share its addresses: one who misbehaves locks the others out."""
    for site in sites(variables):
        if _origin(site) and not _syntax.listed(variables.get("caddy_trusted_proxies")):
            yield Fault(
                "caddy_trusted_proxies",
                f"{label(site)} has names for a CDN, but nobody may say who the visitor is",
                "List the CDN's networks, which it publishes",
            )


RULES: tuple[Callable[[Mapping[str, Any]], Iterable[Fault]], ...] = (origins_are_whole, cdns_may_speak_for_visitors)
