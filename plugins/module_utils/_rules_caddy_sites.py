# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the caddy role refuses about sites. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Callable
from urllib.parse import urlsplit

from ansible_collections.fediops.mastodon.plugins.module_utils import _syntax
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault

VARIABLE = "caddy_sites"
# What each kind of site cannot do without; everything else that the kinds know is optional.
NEEDS = {
    "instance": ("web_upstreams", "streaming_upstreams"),
    "media": ("upstreams",),
    "s3": ("upstreams", "bucket", "writers"),
    "redirect": ("to",),
    "handles": ("to",),
    "static": ("root",),
}
# Options that are the start of a new address.
_TARGETS = ("to", "website", "system_redirect")
# The service sees empty directories in their place.
_UNSEEN = ("/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/")  # noqa: S108 - named in order to be refused
_UPSTREAMS = ("web_upstreams", "streaming_upstreams", "upstreams")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")
_TARGET = re.compile(r"https://[A-Za-z0-9.:/_~-]+\Z")


def sites(variables: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the sites that are mappings; sites_are_listed complains about the others."""
    return [site for site in _syntax.listed(variables.get(VARIABLE)) if isinstance(site, Mapping)]


def hosts(site: Mapping[str, Any]) -> list[Any]:
    """Return every name that a site answers to, those for the CDN in front of it included."""
    origin = site.get("origin")
    return _syntax.listed(site.get("hosts")) + (
        _syntax.listed(origin.get("hosts")) if isinstance(origin, Mapping) else []
    )


def label(site: Mapping[str, Any]) -> str:
    """Return how a fault calls the site."""
    return f"site {site.get('name', '(without a name)')!r}"


def sites_are_listed(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A front without sites answers nobody."""
    given = variables.get(VARIABLE)
    if not _syntax.listed(given):
        yield Fault(VARIABLE, "there is no site", "List at least one site with name, kind and hosts")
    if len(sites(variables)) != len(_syntax.listed(given)):
        yield Fault(VARIABLE, "an entry is not a mapping", "Give each site a name, a kind and hosts")


def names_tell_sites_apart(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """The name labels the site in the Caddyfile and in its log lines."""
    for site in sites(variables):
        if not _syntax.is_slug(site.get("name")):
            yield Fault(
                VARIABLE,
                f"{label(site)}: the name is missing or malformed",
                "Use a word of lower-case letters, digits, - and _",
            )
    counted = Counter(str(site.get("name")) for site in sites(variables))
    for name in sorted(name for name, times in counted.items() if times > 1):
        yield Fault(VARIABLE, f"site {name!r} is listed more than once", "Give each site a name of its own")


def kinds_are_known(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """The kind decides what a site lets through; an unknown one must not mean "everything"."""
    for site in sites(variables):
        if site.get("kind") not in list(NEEDS):
            yield Fault(
                VARIABLE, f"{label(site)}: kind {site.get('kind')!r} is not known", f"Use one of {', '.join(NEEDS)}"
            )


def sites_have_hosts(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A site without host names would answer for every name that points here."""
    for site in sites(variables):
        if not _syntax.listed(site.get("hosts")):
            yield Fault(VARIABLE, f"{label(site)}: it has no hosts", "List the names that it answers to")


def hosts_are_domains(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Caddy reads a scheme, a port or a wildcard in a site address as something else than a name."""
    for site in sites(variables):
        for host in hosts(site):
            if not _syntax.is_domain(host):
                yield Fault(
                    VARIABLE,
                    f"{label(site)}: {host!r} is not a domain name",
                    "Write the bare name in lower case (punycode for other scripts): no scheme, port or *",
                )


def hosts_belong_to_one_site(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Caddy refuses a name that two sites claim."""
    counted = Counter(str(host) for site in sites(variables) for host in hosts(site))
    for host in sorted(host for host, times in counted.items() if times > 1):
        yield Fault(VARIABLE, f"host {host} is listed more than once", "Let one site have it")


def kinds_have_what_they_need(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A proxy without upstreams, or a store without writers, works for nobody."""
    for site in sites(variables):
        for option in NEEDS.get(str(site.get("kind")), ()):
            if not site.get(option):
                yield Fault(
                    VARIABLE,
                    f"{label(site)}: a site of kind {site['kind']} needs {option}",
                    f"Add {option} to the site",
                )


def upstreams_are_endpoints(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """An upstream is where to connect to: one host and one port."""
    for site in sites(variables):
        for option in _UPSTREAMS:
            for upstream in _syntax.listed(site.get(option)):
                found = _syntax.endpoint(upstream)
                if found is None or _syntax.is_wildcard(found[0]):
                    yield Fault(
                        VARIABLE,
                        f"{label(site)}: {upstream!r} in {option} is not address:port",
                        "Write an address or name that this host reaches, a colon and the port, no scheme",
                    )


def writers_are_few(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Writers reach the store's whole interface; everybody else must show a signed link to one object."""
    for site in sites(variables):
        for entry in _syntax.listed(site.get("writers")):
            known = _syntax.network(entry)
            if known is None:
                yield Fault(
                    VARIABLE,
                    f"{label(site)}: writer {entry!r} is not an address range",
                    "Write ranges in CIDR form, like 10.0.0.5/32",
                )
            elif known.prefixlen == 0:
                yield Fault(
                    VARIABLE,
                    f"{label(site)}: writer {entry} is the whole internet",
                    "List the private addresses of the hosts that write",
                )


def bucket_is_a_bucket(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """The bucket's name becomes part of the path that signed links must have."""
    for site in sites(variables):
        bucket = site.get("bucket")
        if bucket and not (isinstance(bucket, str) and _BUCKET.match(bucket) and ".." not in bucket):
            yield Fault(
                VARIABLE,
                f"{label(site)}: {bucket!r} is not a bucket name",
                "Use 3 to 63 lower-case letters, digits, dots and hyphens",
            )


def redirects_lead_elsewhere(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A target that ends in a slash doubles it; one that is the site itself never ends."""
    for site in sites(variables):
        for option in _TARGETS:
            target = site.get(option)
            if not target:
                continue
            if not (isinstance(target, str) and _TARGET.match(target)) or target.endswith("/"):
                yield Fault(
                    VARIABLE,
                    f"{label(site)}: {target!r} in {option} is not a URL prefix",
                    "Write https://name, with a path if needed, without a slash at the end; the path is kept",
                )
            elif urlsplit(target).hostname in hosts(site):
                yield Fault(VARIABLE, f"{label(site)}: {option} redirects to itself", "Name another host")


def is_pair(value: Any) -> bool:
    """Tell whether the value names a certificate and its key."""
    return isinstance(value, Mapping) and all(_syntax.is_path(value.get(half)) for half in ("certificate", "key"))


def own_certificates_are_whole(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A certificate of a site's own needs its key."""
    for site in sites(variables):
        pair = site.get("tls")
        if pair is not None and not is_pair(pair):
            yield Fault(
                VARIABLE,
                f"{label(site)}: tls lacks a certificate or a key, or one is no absolute path",
                'Write {certificate: /path/to/chain.pem, key: /path/to/key.pem} without blanks or ".."',
            )


def stores_can_be_verified(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Certificates that nobody asks for, or a path in their place: each request would end in an error page."""
    for site in sites(variables):
        pem = site.get("upstream_certificates")
        if site.get("kind") != "s3" and (pem or site.get("upstream_tls")):
            yield Fault(
                VARIABLE, f"{label(site)}: only the store is spoken to with TLS", "Remove upstream_tls and certificates"
            )
        elif pem and not site.get("upstream_tls"):
            yield Fault(
                VARIABLE,
                f"{label(site)}: it has upstream_certificates, but speaks no TLS to its upstreams",
                "Set upstream_tls: true, or remove the certificates",
            )
        elif pem and not _syntax.is_certificates(pem):
            yield Fault(
                VARIABLE,
                f"{label(site)}: its upstream_certificates are not PEM text",
                "Give the text itself, -----BEGIN CERTIFICATE----- and all, not a path",
            )


def only_media_are_purged(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Elsewhere nobody expects the method, and the app would take it for a mistake."""
    for site in sites(variables):
        if site.get("purge") and site.get("kind") != "media":
            yield Fault(VARIABLE, f"{label(site)}: only media can be purged", "Remove purge")


def directories_are_public(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """The service has no view of home directories, and shares no temporary directory with anybody."""
    for site in sites(variables):
        root = site.get("root")
        if root and (not _syntax.is_path(root) or f"{root}/".startswith(_UNSEEN)):
            yield Fault(
                VARIABLE,
                f"{label(site)}: {root!r} is no directory that the service can see",
                "Use an absolute path such as /srv/status, outside of /home, /root, /run/user and /tmp",
            )


RULES: tuple[Callable[[Mapping[str, Any]], Iterable[Fault]], ...] = (
    sites_are_listed,
    names_tell_sites_apart,
    kinds_are_known,
    sites_have_hosts,
    hosts_are_domains,
    hosts_belong_to_one_site,
    kinds_have_what_they_need,
    upstreams_are_endpoints,
    writers_are_few,
    bucket_is_a_bucket,
    redirects_lead_elsewhere,
    own_certificates_are_whole,
    stores_can_be_verified,
    only_media_are_purged,
    directories_are_public,
)
