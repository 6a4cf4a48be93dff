# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the caddy role refuses. PRIVATE to the collection: no other code may rely on it.

The rules about sites are in _rules_caddy_sites and _rules_caddy_origin; together they guarantee that the template may
write each value into the Caddyfile as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ansible_collections.fediops.mastodon.plugins.module_utils import (
    _rule_parts,
    _rules_caddy_origin,
    _rules_caddy_sites,
    _syntax,
)
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault

# Mastodon accepts videos of 99 MiB, and the multipart form around them adds a little.
SMALLEST_UPLOAD = 99 * 2**20
ISSUERS = ("acme", "internal", "files")
DISTRIBUTIONS = ("release", "package", "present")
# Names that no public authority signs (RFC 2606, RFC 6762, RFC 8375).
UNSIGNABLE = ("localhost", "test", "invalid", "example", "local", "internal", "home.arpa")
# Module names and Caddyfile options; values that an env file can hold without quotes.
_WORD = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
_PLAIN = re.compile(r"[!-~]+\Z")
_NOT_PLAIN = frozenset("\"'`\\$#{}")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\Z")


def platform(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Package names, unit options and paths are Debian's; elsewhere the role would fail half-way."""
    return _rule_parts.platform(variables, "caddy_url", {"12", "13"})


def distribution_is_known(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Where the binary comes from decides who updates it."""
    distribution = variables.get("caddy_distribution", "release")
    binary = variables.get("caddy_binary", "/usr/bin/caddy")
    if distribution not in DISTRIBUTIONS:
        yield Fault(
            "caddy_distribution", f"{distribution!r} is not a distribution", f"Use one of {', '.join(DISTRIBUTIONS)}"
        )
    if not _syntax.is_path(binary):
        yield Fault("caddy_binary", f"{binary!r} is not an absolute path", 'Give a path without blanks or ".."')


def release_is_pinned(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A download without a checksum runs whatever the server, or somebody on the way, chooses to send."""
    if variables.get("caddy_distribution", "release") != "release":
        return
    url, checksum, member = (variables.get(f"caddy_{part}", "") for part in ("url", "checksum", "member"))
    if url == "":
        yield Fault(
            "caddy_url",
            "no release is pinned for this machine's architecture",
            "Set caddy_url and caddy_checksum to a build of Caddy 2.11 or newer",
        )
    elif not _syntax.is_download(url):
        # The value is not repeated: a mirror's URL may hold a password.
        yield Fault("caddy_url", "it is not a download address", "Give an http, https or file URL of one file")
    if url != "" and not _syntax.is_checksum(checksum):
        yield Fault(
            "caddy_checksum",
            "the checksum is missing or malformed",
            'Write "sha256:" and 64, or "sha512:" and 128 lower-case hexadecimal digits',
        )
    if member != "" and not _syntax.is_member(member):
        yield Fault(
            "caddy_member",
            f"{member!r} is not a file inside an archive",
            'Name the binary\'s path in the archive, or write "" when the download is the binary itself',
        )


def issuer_is_known(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A misspelt issuer would fall through to whatever Caddy does by default."""
    issuer = variables.get("caddy_tls_issuer", "acme")
    if issuer not in ISSUERS:
        yield Fault("caddy_tls_issuer", f"{issuer!r} is not an issuer", f"Use one of {', '.join(ISSUERS)}")


def files_are_named(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """The issuer "files" has nothing to serve without certificates, and certificates need their keys."""
    pairs = _syntax.listed(variables.get("caddy_tls_files"))
    if variables.get("caddy_tls_issuer") == "files" and not pairs:
        yield Fault(
            "caddy_tls_files",
            'caddy_tls_issuer is "files", but no certificate is named',
            "List the certificate and the key of each name, as paths on the host",
        )
    if variables.get("caddy_tls_issuer", "acme") != "files" and pairs:
        yield Fault(
            "caddy_tls_files",
            'it has no effect unless caddy_tls_issuer is "files"',
            "Set the issuer to files, or remove the list",
        )
    for pair in pairs:
        if not _rules_caddy_sites.is_pair(pair):
            yield Fault(
                "caddy_tls_files",
                "an entry lacks a certificate or a key, or one is no absolute path",
                'Write {certificate: /path/to/chain.pem, key: /path/to/key.pem} without blanks or ".."',
            )


def internal_root_is_whole(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Caddy signs with a root of yours only when it has both halves."""
    names = ("caddy_internal_root_certificate", "caddy_internal_root_key")
    given = {name: variables.get(name) or "" for name in names}
    for name, path in given.items():
        if path and not _syntax.is_path(path):
            yield Fault(name, f"{path!r} is not an absolute path", 'Give a path on the host without blanks or ".."')
    if any(given.values()) and not all(given.values()):
        missing = names[1] if given[names[0]] else names[0]
        yield Fault(missing, "the other half of the internal root is set, this one is not", "Set both, or neither")
    signs = variables.get("caddy_tls_issuer") == "internal" or _rules_caddy_origin.any_is_internal(variables)
    if any(given.values()) and not signs:
        yield Fault(
            names[0],
            'it has no effect unless caddy_tls_issuer, or the origin of a site, is "internal"',
            "Set the issuer to internal, or remove the root",
        )


def acme_can_answer(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """No public authority signs these names: the site would never come up, and the failures count against limits."""
    if variables.get("caddy_tls_issuer", "acme") != "acme" or variables.get("caddy_acme_directory"):
        return
    for site in _rules_caddy_sites.sites(variables):
        for host in _rules_caddy_origin.hosts_without_certificate(site):
            if isinstance(host, str) and any(host.endswith(f".{zone}") for zone in UNSIGNABLE):
                yield Fault(
                    "caddy_tls_issuer",
                    f"no public authority issues a certificate for {host}",
                    'Set caddy_tls_issuer to "internal" or "files" for names outside the public DNS',
                )


def acme_account_is_reachable(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Let's Encrypt refuses a malformed account address, which looks like an outage of the authority."""
    email, directory = variables.get("caddy_acme_email") or "", variables.get("caddy_acme_directory") or ""
    if email and not (isinstance(email, str) and _EMAIL.match(email)):
        yield Fault("caddy_acme_email", f"{email!r} is not a mail address", "Give one address, or leave it empty")
    if directory and not (_syntax.is_download(directory) and str(directory).startswith("https://")):
        yield Fault(
            "caddy_acme_directory",
            f"{directory!r} is not an https URL",
            "Give the directory URL of the authority, or leave it empty",
        )


def acme_authority_is_trusted(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A root of one's own belongs to an authority of one's own."""
    root = variables.get("caddy_acme_ca_root") or ""
    if root and not _syntax.is_path(root):
        yield Fault("caddy_acme_ca_root", f"{root!r} is not an absolute path", "Give a path on the host without blanks")
    if root and not variables.get("caddy_acme_directory"):
        yield Fault(
            "caddy_acme_ca_root",
            "it has no effect without caddy_acme_directory",
            "Name the authority's directory URL as well, or remove the root",
        )
    yield from _needs_acme(variables, "caddy_acme_ca_root", root)


def acme_dns_is_plain(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """The values become lines of an env file that systemd and Caddy both read; no fault repeats one."""
    name = "caddy_acme_dns"
    dns = variables.get(name) or {}
    if not isinstance(dns, Mapping) or not dns:
        return
    options = dns.get("options")
    if not _word(dns.get("provider")):
        yield Fault(name, f"provider {dns.get('provider')!r} is no module", "Write the last word of dns.providers.NAME")
    if not isinstance(options, Mapping) or not options:
        yield Fault(name, "it has no options", "Write what the provider's module asks for, such as {api_token: ...}")
        options = {}
    for option, value in options.items():
        if not _word(option):
            yield Fault(name, f"{option!r} is not the name of an option", "Use lower-case letters, digits and _")
        elif not isinstance(value, str) or not _PLAIN.match(value) or _NOT_PLAIN & set(value):
            yield Fault(
                name,
                f"the value of {option} is no text, is empty, or has blanks, quotes, braces, \\, $ or #",
                "Write it in quotes, and ask the provider for a token without those characters",
            )
    for resolver in _syntax.listed(dns.get("resolvers")):
        if not _syntax.is_address(resolver) and _syntax.endpoint(resolver) is None:
            yield Fault(name, f"resolver {resolver!r} is no address", "Write an address, or address:port")
    yield from _needs_acme(variables, name, dns)


def _word(value: Any) -> bool:
    return isinstance(value, str) and _WORD.match(value) is not None


def _needs_acme(variables: Mapping[str, Any], name: str, value: Any) -> Iterable[Fault]:
    if value and variables.get("caddy_tls_issuer", "acme") != "acme":
        yield Fault(name, 'it has no effect unless caddy_tls_issuer is "acme"', "Set the issuer to acme, or remove it")


def uploads_fit(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Mastodon promises its users 99 MiB; "99MB" at the edge (decimal) would break that promise with a bare 413."""
    limit = variables.get("caddy_upload_max", "110MB")
    wanted = _syntax.size(limit)
    if wanted is None:
        yield Fault("caddy_upload_max", f"{limit!r} is not a size", 'Write a number and a unit, like "110MB"')
    elif wanted <= SMALLEST_UPLOAD:
        yield Fault(
            "caddy_upload_max",
            f"{limit} is not above the 99 MiB (103.8 MB) of Mastodon's largest video",
            "Use at least 110MB",
        )


def durations_are_durations(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A number without a unit means nanoseconds to Caddy."""
    for name in ("caddy_response_timeout", "caddy_drain_time", "caddy_renew_interval"):
        if name in variables and not _syntax.is_duration(variables[name]):
            yield Fault(name, f"{variables[name]!r} is not a time", 'Write a number and s, m or h, like "120s"')


def pages_come_before_the_rest(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A page is what people wait for; what may take longer must be allowed longer."""
    seconds, others = variables.get("caddy_page_seconds", 10), variables.get("caddy_response_timeout", "120s")
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 3 <= seconds <= 120:
        yield Fault(
            "caddy_page_seconds", f"{seconds!r} is not a number between 3 and 120", "Use 10 unless you know why"
        )
    elif _syntax.is_duration(others) and _syntax.seconds(others) < seconds:
        yield Fault(
            "caddy_response_timeout",
            f"{others} is shorter than caddy_page_seconds, {seconds}",
            "Give uploads and exports at least as long as pages",
        )


def log_is_forgotten(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Access logs hold people's addresses: keeping them for ever is not a setting, it is an accident."""
    days = variables.get("caddy_log_keep_days", 7)
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= 365:
        yield Fault(
            "caddy_log_keep_days",
            f"{days!r} is not a number of days between 1 and 365",
            "Use 7 unless you must keep addresses longer",
        )


def assets_are_few(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Each release takes some ten megabytes; none would take the running one's files away."""
    keep = variables.get("caddy_assets_keep", 3)
    if not isinstance(keep, int) or isinstance(keep, bool) or not 1 <= keep <= 10:
        yield Fault("caddy_assets_keep", f"{keep!r} is not a number between 1 and 10", "Use 3 unless the disk is full")


def trusted_proxies_are_few(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Whoever is trusted may claim to be any client: rate limits and IP blocks would follow the claim."""
    for entry in _syntax.listed(variables.get("caddy_trusted_proxies")):
        known = _syntax.network(entry)
        if known is None:
            yield Fault(
                "caddy_trusted_proxies",
                f"{entry!r} is not an address range",
                "Write ranges in CIDR form, like 192.0.2.0/24",
            )
        elif known.prefixlen == 0:
            yield Fault(
                "caddy_trusted_proxies", f"{entry} trusts the whole internet", "List the ranges of your CDN only"
            )


RULES: tuple[Callable[[Mapping[str, Any]], Iterable[Fault]], ...] = (
    platform,
    distribution_is_known,
    release_is_pinned,
    issuer_is_known,
    files_are_named,
    internal_root_is_whole,
    acme_can_answer,
    acme_account_is_reachable,
    acme_authority_is_trusted,
    acme_dns_is_plain,
    uploads_fit,
    durations_are_durations,
    pages_come_before_the_rest,
    log_is_forgotten,
    assets_are_few,
    trusted_proxies_are_few,
    *_rules_caddy_sites.RULES,
    *_rules_caddy_origin.RULES,
)
