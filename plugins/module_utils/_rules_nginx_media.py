# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the nginx_media role refuses. PRIVATE to the collection: no other code may rely on it.

Together the rules guarantee that the template may write each value into nginx.conf as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ansible_collections.fediops.mastodon.plugins.module_utils import (
    _media,
    _rule_parts,
    _rules_nginx_media_gone,
    _rules_nginx_media_origins,
    _syntax,
)
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault

_PREFIX = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*/?\Z")
_SIZE = re.compile(r"[1-9][0-9]*[mg]\Z")
_SLICE = re.compile(r"[1-9][0-9]?m\Z")
_TIMES = (
    "nginx_media_cache_valid",
    "nginx_media_cache_inactive",
    "nginx_media_connect_timeout",
    "nginx_media_origin_timeout",
)
# A cache directory is emptied by nginx as it sees fit.
_CACHE_PARENTS = re.compile(r"/(?:var|srv|mnt|data|media)/.+\Z")


def platform(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Package names, unit options and paths are Debian's; elsewhere the role would fail half-way."""
    return _rule_parts.platform(variables, "nginx_media_origins", {"12", "13"})


def resolvers_are_addresses(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A DNS server that must itself be resolved stops nginx at boot."""
    for resolver in _syntax.listed(variables.get("nginx_media_resolvers")):
        if not _syntax.is_address(resolver):
            yield Fault("nginx_media_resolvers", f"{resolver!r} is not an address", "Give IP addresses of DNS servers")


def server_names_are_domains(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Requests for other names are refused, so that the cache holds no stranger's site."""
    names = _syntax.listed(variables.get("nginx_media_server_names"))
    if not names:
        yield Fault("nginx_media_server_names", "the media host has no name", "List the names that users see")
    for name in names:
        if not _syntax.is_domain(name):
            yield Fault(
                "nginx_media_server_names",
                f"{name!r} is not a domain name",
                "Write the bare name in lower case: no scheme, port or *",
            )
    if len(set(map(str, names))) != len(names):
        yield Fault("nginx_media_server_names", "a name is listed twice", "List each name once")


def listener_is_private(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """This side speaks plain HTTP to the TLS front; on all addresses the internet would reach it as well."""
    address = variables.get("nginx_media_listen_address", "127.0.0.1")
    if not _syntax.is_address(address) or _syntax.is_wildcard(address):
        yield Fault(
            "nginx_media_listen_address",
            f"{address!r} is not one address of this host",
            "Use 127.0.0.1, or the private address through which the TLS front reaches this host",
        )


def port_needs_no_privilege(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """The service has no capability at all; ports below 1024 are the TLS front's."""
    for name, usual in (("nginx_media_port", 8080), ("nginx_media_metrics_port", 8081)):
        port = variables.get(name, usual)
        if not _syntax.is_port(port, lowest=1024):
            yield Fault(name, f"{port!r} is not a port between 1024 and 65535", f"Use {usual}, or another one")


def ports_differ(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Two servers on one port would be one, and show the counters to visitors."""
    if variables.get("nginx_media_port", 8080) == variables.get("nginx_media_metrics_port", 8081):
        yield Fault("nginx_media_metrics_port", "it is nginx_media_port, too", "Use 8081, or another one")


def prefixes_are_public(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Everything below these prefixes is shown to everybody; backups/ holds users' whole archives."""
    variable = "nginx_media_public_prefixes"
    if variable in variables and not _syntax.listed(variables[variable]):
        yield Fault(variable, "nothing is public, so every picture would be missing", "Keep the default list")
    for prefix in _syntax.listed(variables.get(variable)):
        if not isinstance(prefix, str) or not _PREFIX.match(prefix):
            yield Fault(
                variable,
                f"{prefix!r} is not a prefix of object names",
                'Write names without a leading slash, like "accounts/"',
            )
        elif _media.exposes_private(prefix) or "backups" in prefix.split("/"):
            yield Fault(variable, f"{prefix!r} would publish users' archives", "Remove it")


def cache_is_bounded(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """nginx reads a number without a unit as bytes, and a full disk truncates what users receive."""
    for name in ("nginx_media_cache_size", "nginx_media_cache_min_free"):
        if name in variables and not (isinstance(variables[name], str) and _SIZE.match(variables[name])):
            yield Fault(name, f"{variables[name]!r} is not a size", 'Write a number and m or g, like "10g"')
    directory = variables.get("nginx_media_cache_dir", "/var/cache/nginx-media")
    if not (_syntax.is_path(directory) and _CACHE_PARENTS.match(directory)):
        yield Fault(
            "nginx_media_cache_dir",
            f"{directory!r} cannot be a cache directory: nginx deletes what it finds",
            "Give a directory of its own below /var, /srv, /mnt, /media or /data",
        )


def slices_have_a_size(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Each slice is a file of its own and a request of its own: small ones cost more than they give."""
    size = variables.get("nginx_media_slice_size") or ""
    if size and not (isinstance(size, str) and _SLICE.match(size)):
        yield Fault(
            "nginx_media_slice_size",
            f"{size!r} is not a size of 1m to 99m",
            'Write a number and m, like "8m", or "" to fetch videos whole',
        )


def times_are_times(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A malformed time is found by nginx only on the host."""
    for name in _TIMES:
        if name in variables and not _syntax.is_duration(variables[name]):
            yield Fault(name, f"{variables[name]!r} is not a time", 'Write a number and s, m or h, like "48h"')


RULES: tuple[Callable[[Mapping[str, Any]], Iterable[Fault]], ...] = (
    platform,
    *_rules_nginx_media_origins.RULES,
    *_rules_nginx_media_gone.RULES,
    resolvers_are_addresses,
    server_names_are_domains,
    listener_is_private,
    port_needs_no_privilege,
    ports_differ,
    prefixes_are_public,
    cache_is_bounded,
    slices_have_a_size,
    times_are_times,
)
