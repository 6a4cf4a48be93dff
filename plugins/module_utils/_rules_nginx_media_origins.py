# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the nginx_media role refuses about origins. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ansible_collections.fediops.mastodon.plugins.module_utils import _origins, _syntax
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault

VARIABLE = "nginx_media_origins"
_DIRECTORIES = re.compile(r"/(?:var|srv|mnt|data|media|opt|home)/.+\Z")


def origins(variables: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the origins that are mappings; origins_are_listed complains about the others."""
    return [o for o in _syntax.listed(variables.get(VARIABLE)) if isinstance(o, Mapping)]


def origins_are_listed(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A proxy without an origin has nothing to show."""
    given = _syntax.listed(variables.get(VARIABLE))
    if not given or len(origins(variables)) != len(given):
        yield Fault(
            VARIABLE,
            "there is no origin, or an entry is not a mapping",
            "List at least one origin with a name and a url or a directory",
        )


def origin_names_tell_apart(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """The name appears in the configuration and in the header that says who answered."""
    for origin in origins(variables):
        if not _syntax.is_slug(origin.get("name")):
            yield Fault(
                VARIABLE,
                f"the name {origin.get('name')!r} is missing or malformed",
                "Use a word of lower-case letters, digits, - and _",
            )
    counted = Counter(str(origin.get("name")) for origin in origins(variables))
    for name in sorted(name for name, times in counted.items() if times > 1):
        yield Fault(VARIABLE, f"origin {name!r} is listed more than once", "Give each its own name")


def origins_have_one_place(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A directory with a URL, or neither, leaves open where to look."""
    for origin in origins(variables):
        if bool(origin.get("url")) == bool(origin.get("directory")):
            yield Fault(
                VARIABLE,
                f"origin {origin.get('name')!r} has a url and a directory, or neither",
                "Give it a url, or the directory of this host that holds the files",
            )


def origin_urls_are_servers(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A path in the URL would be sent unescaped (request splitting); it belongs in prefix, which is checked."""
    for origin in origins(variables):
        if origin.get("url") and _origins.server(origin["url"]) is None:
            yield Fault(
                VARIABLE,
                f"origin {origin.get('name')!r} has no usable url",
                "Write scheme://host[:port]; a bucket goes into bucket, another path into prefix",
            )


def origin_directories_are_paths(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Below these directories every file with a public name is shown to everybody."""
    for origin in origins(variables):
        directory = origin.get("directory")
        if directory and not (_syntax.is_path(directory) and _DIRECTORIES.match(directory)):
            yield Fault(
                VARIABLE,
                f"origin {origin.get('name')!r}: {directory!r} cannot be a directory of media",
                "Name the directory that holds accounts/ and the others, below /var, /srv, /mnt, /media, /data, "
                "/opt or /home",
            )


def _can_be_host(bucket: Any, host: str) -> bool:
    return _syntax.is_domain(f"{bucket}.{host}") and not _syntax.is_address(host)


def origin_buckets_are_buckets(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """The bucket's name becomes part of the path or of the host name."""
    for origin in origins(variables):
        bucket = origin.get("bucket") or ""
        server = _origins.server(origin.get("url"))
        if bucket and not _origins.is_bucket(bucket):
            fault, cure = f"{bucket!r} is not a bucket name", "Write its bare name; a folder in it goes into prefix"
        elif bucket and origin.get("directory"):
            fault, cure = "a directory has no bucket", "Leave it out, or put a folder into prefix"
        elif _origins.in_host_name(origin) and server and not _can_be_host(bucket, server[1]):
            fault, cure = f"{bucket}.{server[1]} is not a host name", "Leave path_style out"
        else:
            continue
        yield Fault(VARIABLE, f"origin {origin.get('name')!r}: {fault}", cure)


def origin_prefixes_are_paths(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """The prefix is put before each path as it is."""
    for origin in origins(variables):
        if not _origins.is_prefix(origin.get("prefix", "")):
            yield Fault(
                VARIABLE,
                f"origin {origin.get('name')!r}: {origin.get('prefix')!r} is not a path",
                'Write "/folder" with a leading and without a trailing slash, or ""',
            )


def origin_hosts_are_names(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """The Host header is sent as it is."""
    for origin in origins(variables):
        header = origin.get("host_header") or ""
        if header and _origins.server(f"http://{header}") is None:
            yield Fault(
                VARIABLE,
                f"origin {origin.get('name')!r}: {header!r} is not a Host header",
                "Write host or host:port, or leave it out",
            )


def origins_of_several_servers_have_addresses(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """nginx reads them at the start, when a name may not be known yet."""
    for origin in origins(variables):
        others, server = _syntax.listed(origin.get("others")), _origins.server(origin.get("url"))
        found = [_syntax.endpoint(other) for other in others]
        if others and not (server and all(place and _syntax.is_address(place[0]) for place in [server[1:], *found])):
            yield Fault(
                VARIABLE,
                f"origin {origin.get('name')!r}: its others, or its url, are not addresses",
                "Write others as address:port, and an address in the url",
            )


def origin_certificates_have_names(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """nginx compares names only: to it, no certificate is good for an address."""
    for origin in origins(variables):
        server = _origins.server(origin.get("url"))
        if server is None or server[0] != "https" or origin.get("tls_verify") is False:
            continue
        name = _origins.tls_name(origin)
        if not _syntax.is_domain(name):
            yield Fault(
                VARIABLE,
                f"origin {origin.get('name')!r}: no certificate can be checked against {name!r}",
                "Set tls_name to the name that stands in its certificate",
            )


def origin_authorities_are_certificates(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A file that nginx cannot read stops it, also when only one of the origins needs it."""
    for origin in origins(variables):
        authority = origin.get("tls_ca") or ""
        if authority and not _syntax.is_certificates(authority):
            yield Fault(
                VARIABLE,
                f"origin {origin.get('name')!r}: tls_ca is not the text of certificates",
                "Give the text itself, -----BEGIN CERTIFICATE----- and so on: lookup('ansible.builtin.file', path)",
            )


def origin_refusals_are_known(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """What a refusal means decides whether a broken policy makes every file "not found"."""
    for origin in origins(variables):
        if origin.get("forbidden", "missing") not in ("missing", "away"):
            yield Fault(
                VARIABLE,
                f"origin {origin.get('name')!r}: forbidden is {origin.get('forbidden')!r}",
                'Set it to "missing" where a store answers 403 for files that it does not have, else to "away"',
            )


def origin_times_are_times(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A malformed time is found by nginx only on the host."""
    for origin in origins(variables):
        for option in ("connect_timeout", "timeout"):
            if origin.get(option) and not _syntax.is_duration(origin[option]):
                yield Fault(
                    VARIABLE,
                    f"origin {origin.get('name')!r}: {option} {origin[option]!r} is not a time",
                    'Write a number and s, m or h, like "15s"',
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


def origins_are_not_this_proxy(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A proxy that asks itself multiplies each request until it runs out of connections."""
    own = (variables.get("nginx_media_listen_address", "127.0.0.1"), variables.get("nginx_media_port", 8080))
    for origin in origins(variables):
        server = _origins.server(origin.get("url"))
        if server is not None and server[1:] == own:
            yield Fault(
                VARIABLE,
                f"origin {origin.get('name')!r} is this proxy itself",
                "Name the address of the store",
            )


RULES: tuple[Callable[[Mapping[str, Any]], Iterable[Fault]], ...] = (
    origins_are_listed,
    origin_names_tell_apart,
    origins_have_one_place,
    origin_urls_are_servers,
    origin_directories_are_paths,
    origin_buckets_are_buckets,
    origin_prefixes_are_paths,
    origin_hosts_are_names,
    origins_of_several_servers_have_addresses,
    origin_certificates_have_names,
    origin_authorities_are_certificates,
    origin_refusals_are_known,
    origin_times_are_times,
    named_origins_can_be_resolved,
    origins_are_not_this_proxy,
)
