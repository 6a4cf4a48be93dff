# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run probes side by side; none may hang the rest, and each leaves a row. PRIVATE to the collection."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils import (
    _probe_docker,
    _probe_egress,
    _probe_firewall,
    _probe_host,
    _probe_http,
    _probe_ports,
    _probe_postgres,
    _probe_redis,
    _probe_s3,
    _probe_sidekiq,
    _probe_smtp,
    _probe_tls,
    _probe_vpn,
    _probe_webfinger,
)
from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding, Row, fail, row
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, explain

Probe = Callable[..., Iterable[Finding]]

PROBES: dict[str, Probe] = {
    "clock": _probe_host.clock,
    "containers": _probe_docker.containers,
    "disk": _probe_host.disk,
    "egress": _probe_egress.egress,
    "firewall": _probe_firewall.firewall,
    "http": _probe_http.page,
    "instance": _probe_http.instance,
    "ports": _probe_ports.ports,
    "postgres": _probe_postgres.postgres,
    "postgres_login": _probe_postgres.postgres_login,
    "redis": _probe_redis.redis,
    "sidekiq": _probe_sidekiq.sidekiq,
    "s3": _probe_s3.store,
    "smtp": _probe_smtp.smtp,
    "tls": _probe_tls.tls,
    "units": _probe_host.units,
    "versions": _probe_host.versions,
    "vpn": _probe_vpn.vpn,
    "webfinger": _probe_webfinger.webfinger,
    "websocket": _probe_http.websocket,
}

# What each entry of the list says about itself; the rest are the probe's own options.
COMMON = ("area", "name", "probe")


def wrong(entries: Sequence[Mapping[str, Any]], probes: Mapping[str, Probe] | None = None) -> list[str]:
    """Return what is wrong with a list of probes as data: better refused at once than half asked."""
    known = PROBES if probes is None else probes
    faults = []
    for number, entry in enumerate(entries, 1):
        label = f"probe {number} ({entry.get('name', 'without a name')})"
        missing = [key for key in COMMON if not entry.get(key)]
        if missing:
            faults.append(f"{label} lacks {', '.join(missing)}")
        elif entry["probe"] not in known:
            faults.append(f"{label}: there is no probe {entry['probe']!r}; there are {', '.join(sorted(known))}")
        else:
            faults += [f"{label}: {fault}" for fault in _wrong_options(entry, known[entry["probe"]])]
    return faults


def _wrong_options(entry: Mapping[str, Any], probe: Probe) -> list[str]:
    options = {
        name: parameter
        for name, parameter in inspect.signature(probe).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    faults = [f"it has no option {key}" for key in entry if key not in COMMON and key not in options]
    return faults + [
        f"its option {name} is missing"
        for name, parameter in options.items()
        if parameter.default is inspect.Parameter.empty and name not in entry
    ]


class _Look(threading.Thread):
    """One probe at work. A daemon thread: one that hangs in the resolver must not keep the module alive."""

    def __init__(self, entry: Mapping[str, Any], probe: Probe, context: Context) -> None:
        super().__init__(daemon=True)
        self.entry = entry
        self.probe = probe
        self.context = context
        self.findings: list[Finding] = []
        self.done = False

    def run(self) -> None:
        """Collect what the probe finds; whatever it raises becomes a finding."""
        options = {key: value for key, value in self.entry.items() if key not in COMMON}
        try:
            for finding in self.probe(self.context, **options):
                self.findings.append(finding)
        except Exception as error:  # a look that fails is an answer, not an accident
            self.findings.append(fail(*explain(error, self.context.timeout)))
        self.done = True

    def rows(self, host: str, limit: float) -> list[Row]:
        """Return what was found so far; silence is a finding, too."""
        finished, findings = self.done, list(self.findings)
        if not finished:
            findings.append(fail(f"no result within {limit:g} s", "See whether the host or the network is overloaded"))
        elif not findings:
            findings.append(fail("the probe said nothing", "This is a fault of the collection: please report it"))
        return [
            row(
                {
                    "area": self.entry["area"],
                    "name": each.name or self.entry["name"],
                    "status": each.status,
                    "detail": each.detail,
                    "cure": each.cure,
                },
                host,
            )
            for each in findings
        ]


def run(
    entries: Sequence[Mapping[str, Any]],
    context: Context,
    host: str,
    limit: float,
    probes: Mapping[str, Probe] | None = None,
) -> list[Row]:
    """Run all probes at once and return their rows, in the order of the list, after `limit` seconds at the latest."""
    known = PROBES if probes is None else probes
    looks = [_Look(entry, known[entry["probe"]], context) for entry in entries]
    end = time.monotonic() + limit
    for look in looks:
        look.start()
    for look in looks:
        look.join(max(0.0, end - time.monotonic()))
    return [found for look in looks for found in look.rows(host, limit)]
