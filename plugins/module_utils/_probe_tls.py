# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe of everything that a name promises to browsers: certificate, protocols, headers, the way from plain HTTP.

PRIVATE to the collection: no other code may rely on it.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import OK, Finding, clean, fail, ok, warn
from ansible_collections.fediops.mastodon.plugins.module_utils._old_tls import VERSIONS, speaks
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, ProbeError, explain
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_http import Reply, fetch

HOUR = 3600.0
DAY = 24 * HOUR
# Said twice, some of these are ignored, some are obeyed at their strictest, and browsers do not agree which.
ONCE = (
    "Access-Control-Allow-Origin",
    "Content-Security-Policy",
    "Content-Type",
    "Permissions-Policy",
    "Referrer-Policy",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
)


def tls(context: Context, *, hosts: Sequence[str], port: int = 443, http_port: int = 80) -> Iterator[Finding]:
    """Look at each name. What is well is one row; each fault is a row of its own."""
    for host in hosts:
        name = f"TLS of {host}"
        try:
            found = [
                _certificate(context, host, port),
                _new_protocols(context, host, port),
                _old_protocols(context, host, port),
                judge_headers(fetch(context, f"https://{host}:{port}/")),
                _plain(context, host, http_port, hosts),
            ]
        except (OSError, ProbeError) as error:  # one name in trouble says nothing of the others
            yield fail(*explain(error, context.timeout), name)
            continue
        faults = [each for each in found if each.status != OK]
        if faults:
            yield from (replace(each, name=name) for each in faults)
        else:
            yield ok(", ".join(each.detail for each in found), name)


def _certificate(context: Context, host: str, port: int) -> Finding:
    with context.connect_tls(host, port) as connection:
        described = connection.getpeercert() or {}
    start, end = (ssl.cert_time_to_seconds(str(described[key])) for key in ("notBefore", "notAfter"))
    return judge_lifetime(start, end, time.time(), _issuer(described))


def judge_lifetime(start: float, end: float, now: float, issuer: str) -> Finding:
    """Compare what is left with the whole life: ACME clients renew when a third is left."""
    left = end - now
    detail = f"certificate from {issuer} for {span(left)} more"
    cure = "Renewal is late: journalctl -u caddy says why"
    if left < min((end - start) * 0.1, 7 * DAY):
        return fail(detail, cure)
    if left < min((end - start) * 0.25, 21 * DAY):
        return warn(detail, cure)
    return ok(detail)


def span(seconds: float) -> str:
    """Return a length of time as people say it."""
    if seconds >= 2 * DAY:
        return f"{int(seconds // DAY)} days"
    if seconds >= 2 * HOUR:
        return f"{int(seconds // HOUR)} hours"
    return f"{max(0, int(seconds // 60))} minutes"


def _issuer(described: object) -> str:
    pairs = described.get("issuer", ()) if isinstance(described, dict) else ()
    names = dict(pair for group in pairs for pair in group)
    return str(names.get("organizationName") or names.get("commonName") or "an issuer without a name")


def _new_protocols(context: Context, host: str, port: int) -> Finding:
    missing = [
        str(version.name)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
        if not _has(context, host, port, version)
    ]
    if "TLSv1_2" in missing:
        return fail("does not speak TLS 1.2, which many other servers still need", "Allow it where TLS ends")
    if missing:
        return warn("does not speak TLS 1.3", "Allow it where TLS ends")
    return ok("TLS 1.2 and 1.3")


def _has(context: Context, host: str, port: int, version: ssl.TLSVersion) -> bool:
    settings = context.trust()
    settings.minimum_version = settings.maximum_version = version
    with context.connect(host, port) as plain:
        try:
            settings.wrap_socket(plain, server_hostname=host).close()
        except (ssl.SSLError, ConnectionError):
            return False
    return True


def _old_protocols(context: Context, host: str, port: int) -> Finding:
    spoken = []
    for name, version in VERSIONS.items():
        with context.connect(host, port) as plain:
            if speaks(plain, host, version):
                spoken.append(name)
    if spoken:
        return fail(f"still speaks {' and '.join(spoken)}, which can be broken", "Refuse it where TLS ends")
    return ok("nothing older")


def judge_headers(reply: Reply) -> Finding:
    """See that HSTS is said once, and that no security header is said twice."""
    twice = [name for name in ONCE if len(reply.values(name)) > 1]
    if twice:
        return fail(
            f"sends {' and '.join(twice)} more than once",
            "The app and the edge both send it: let one of them do so",
        )
    told = reply.values("Strict-Transport-Security")
    ages = re.findall(r"max-age=\"?(\d+)", told[0], re.IGNORECASE) if told else []
    if not told:
        return fail(
            f"sends no HSTS with its answer {reply.status}", "Mastodon sends it, caddy does for the other names"
        )
    if len(ages) != 1 or not int(ages[0]):
        return fail(f"its HSTS is {clean(told[0], 80)!r}", "Let max-age stand in it once, and not be 0")
    return ok("HSTS once")


def _plain(context: Context, host: str, port: int, hosts: Sequence[str]) -> Finding:
    try:
        return judge_redirect(fetch(context, f"http://{host}:{port}/"), hosts)
    except (OSError, ProbeError) as error:
        detail, cure = explain(error, context.timeout)
        return fail(f"plain HTTP: {detail}", cure)


def judge_redirect(reply: Reply, hosts: Sequence[str]) -> Finding:
    """See that plain HTTP leads to https, and to one of our names."""
    where = (reply.values("Location") or [""])[0]
    leads = urlsplit(where)
    if reply.status not in (301, 302, 307, 308) or leads.scheme != "https" or leads.hostname not in hosts:
        to = f" to {clean(where, 80)}" if where else ""
        return fail(
            f"plain HTTP was answered {reply.status}{to} instead of a redirect to https",
            "Port 80 belongs to caddy: see who listens there",
        )
    return ok("HTTP redirects to it")
