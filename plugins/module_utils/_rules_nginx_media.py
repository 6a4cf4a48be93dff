# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the nginx_media role refuses. PRIVATE to the collection: no other code may rely on it.

Together the rules guarantee that the template may write each value into nginx.conf as it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ansible_collections.fediops.mastodon.plugins.module_utils import _media, _origins, _rule_parts, _syntax
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault

_PREFIX = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*/?\Z")
_SIZE = re.compile(r"[1-9][0-9]*[mg]\Z")
# A cache directory is emptied by nginx as it sees fit.
_CACHE_PARENTS = re.compile(r"/(?:var|srv|mnt|data|media)/.+\Z")


def origins(variables: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the origins that are mappings; origins_are_listed complains about the others."""
    return [o for o in _syntax.listed(variables.get("nginx_media_origins")) if isinstance(o, Mapping)]


def platform(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Package names, unit options and paths are Debian's; elsewhere the role would fail half-way."""
    return _rule_parts.platform(variables, "nginx_media_origins", {"12", "13"})


def origins_are_listed(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A proxy without an origin has nothing to show."""
    given = _syntax.listed(variables.get("nginx_media_origins"))
    if not given or len(origins(variables)) != len(given):
        yield Fault(
            "nginx_media_origins",
            "there is no origin, or an entry is not a mapping",
            "List at least one origin with name and url",
        )


def origin_names_tell_apart(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """The name appears in the configuration and in the header that says who answered."""
    for origin in origins(variables):
        if not _syntax.is_slug(origin.get("name")):
            yield Fault(
                "nginx_media_origins",
                f"the name {origin.get('name')!r} is missing or malformed",
                "Use a word of lower-case letters, digits, - and _",
            )
    counted = Counter(str(origin.get("name")) for origin in origins(variables))
    for name in sorted(name for name, times in counted.items() if times > 1):
        yield Fault("nginx_media_origins", f"origin {name!r} is listed more than once", "Give each its own name")


def origin_urls_are_servers(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A path in the URL would be sent unescaped (request splitting); it belongs in prefix, which is checked."""
    for origin in origins(variables):
        if _origins.server(origin.get("url")) is None:
            yield Fault(
                "nginx_media_origins",
                f"origin {origin.get('name')!r} has no usable url",
                "Write scheme://host[:port]; a path such as the bucket goes into prefix",
            )


def origin_prefixes_are_paths(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """The prefix is put before each path as it is."""
    for origin in origins(variables):
        if not _origins.is_prefix(origin.get("prefix", "")):
            yield Fault(
                "nginx_media_origins",
                f"origin {origin.get('name')!r}: {origin.get('prefix')!r} is not a path",
                'Write "/bucket" with a leading and without a trailing slash, or ""',
            )


def origin_hosts_are_names(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """The Host header is sent as it is."""
    for origin in origins(variables):
        header = origin.get("host_header") or ""
        if header and _origins.server(f"http://{header}") is None:
            yield Fault(
                "nginx_media_origins",
                f"origin {origin.get('name')!r}: {header!r} is not a Host header",
                "Write host or host:port, or leave it out",
            )


def named_origins_can_be_resolved(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """At run time nginx asks DNS servers itself; it reads neither /etc/hosts nor /etc/resolv.conf."""
    found = [_origins.server(origin.get("url")) for origin in origins(variables)]
    names = sorted({server[1] for server in found if server and not _syntax.is_address(server[1])})
    if names and not _syntax.listed(variables.get("nginx_media_resolvers")):
        yield Fault(
            "nginx_media_resolvers",
            f"no DNS server is named, but an origin is ({', '.join(names)})",
            "List the addresses of DNS servers that this host may ask, or give the origin's address",
        )


def resolvers_are_addresses(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A DNS server that must itself be resolved stops nginx at boot."""
    for resolver in _syntax.listed(variables.get("nginx_media_resolvers")):
        if not _syntax.is_address(resolver):
            yield Fault("nginx_media_resolvers", f"{resolver!r} is not an address", "Give IP addresses of DNS servers")


def origins_are_not_this_proxy(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A proxy that asks itself multiplies each request until it runs out of connections."""
    own = (variables.get("nginx_media_listen_address", "127.0.0.1"), variables.get("nginx_media_port", 8080))
    for origin in origins(variables):
        server = _origins.server(origin.get("url"))
        if server is not None and server[1:] == own:
            yield Fault(
                "nginx_media_origins",
                f"origin {origin.get('name')!r} is this proxy itself",
                "Name the address of the store",
            )


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
    port = variables.get("nginx_media_port", 8080)
    if not _syntax.is_port(port, lowest=1024):
        yield Fault("nginx_media_port", f"{port!r} is not a port between 1024 and 65535", "Use 8080, or another one")


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


def times_are_times(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A malformed time is found by nginx only on the host."""
    for name in ("nginx_media_cache_valid", "nginx_media_cache_inactive", "nginx_media_origin_timeout"):
        if name in variables and not _syntax.is_duration(variables[name]):
            yield Fault(name, f"{variables[name]!r} is not a time", 'Write a number and s, m or h, like "48h"')


RULES: tuple[Callable[[Mapping[str, Any]], Iterable[Fault]], ...] = (
    platform,
    origins_are_listed,
    origin_names_tell_apart,
    origin_urls_are_servers,
    origin_prefixes_are_paths,
    origin_hosts_are_names,
    named_origins_can_be_resolved,
    resolvers_are_addresses,
    origins_are_not_this_proxy,
    server_names_are_domains,
    listener_is_private,
    port_needs_no_privilege,
    prefixes_are_public,
    cache_is_bounded,
    times_are_times,
)
