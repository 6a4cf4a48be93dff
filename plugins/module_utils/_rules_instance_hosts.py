# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about what the probes saw on the hosts. PRIVATE to the collection.

A host that was not looked at (--limit) breaks none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault
from ansible_collections.fediops.mastodon.plugins.module_utils._inventory import (
    ROLES,
    Inventory,
    InventoryRule,
    number,
)

PLATFORMS = {"debian": ("12", "13")}
# What each service needs to start and answer, in MiB; a busy instance wants far more.
MEMORY_MB = {
    "tinc_vpn": 10,
    "firewall": 0,
    "postgres": 200,
    "redis": 50,
    "minio": 256,
    "nginx_media": 50,
    "caddy": 50,
    "mastodon": 900,
}
FREE_MB = 2048  # packages, logs, and room to breathe
FIRST_INSTALL_MB = 6144  # both images, unpacked, besides
SKEW_SECONDS = 30.0  # S3 refuses signatures that are minutes old, signed federation and one-time passwords less
APP_USER = "mastodon"
EDGE = "caddy"


def _probed(inventory: Inventory, role: str) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    for host in inventory.members(role):
        if host in inventory.probes:
            yield host, inventory.hosts.get(host, {}), inventory.probes[host]


def host_answers(inventory: Inventory) -> Iterable[Fault]:
    """A run that finds out half way leaves the instance half changed."""
    for host, reason in inventory.silent.items():
        yield Fault(
            "the host",
            f"it does not answer: {' '.join(reason.split()) or 'no reason was given'}",
            "Make it reachable, or leave it out with --limit",
            host,
        )


def platform_is_supported(inventory: Inventory) -> Iterable[Fault]:
    """The roles know the packages and paths of these only."""
    for host, probe in inventory.probes.items():
        found = probe.get("os") or {}
        if str(found.get("version")) not in PLATFORMS.get(str(found.get("id")), ()):
            system = f"{found.get('id') or 'an unknown system'} {found.get('version', '')}".strip()
            yield Fault("the host", f"it runs {system}", "Use a host with Debian 13 or Debian 12", host)


def memory_is_enough(inventory: Inventory) -> Iterable[Fault]:
    """Below this the kernel kills one service or another during the first start."""
    for host, probe in inventory.probes.items():
        needed = sum(MEMORY_MB[role] for role in ROLES if host in inventory.members(role))
        found = number(probe.get("memory_mb")) or 0
        if 0 < found < needed:
            yield Fault(
                "the host",
                f"it has {found} MiB of memory, and its roles need at least {needed}",
                "Give it more memory, or move a role to another host",
                host,
            )


def disk_is_enough(inventory: Inventory) -> Iterable[Fault]:
    """A full disk in the middle of a package's installation is the hardest state to get out of."""
    for host, probe in inventory.probes.items():
        first = host in inventory.members("mastodon") and not probe.get("local_domain")
        needed = FREE_MB + (FIRST_INSTALL_MB if first else 0)
        # Where the data and the images lie is the place that counts.
        place = (probe.get("disks") or {}).get("/var/lib") or {}
        free = number(place.get("free_mb"))
        if free is not None and free < needed:
            yield Fault(
                "the host",
                f"{free} MiB are free in /var/lib, and this run needs {needed}",
                "Free some space or enlarge the disk",
                host,
            )


def clock_is_right(inventory: Inventory) -> Iterable[Fault]:
    """Signatures carry the time: with a wrong clock uploads, federation and logins fail one after the other."""
    for host, probe in inventory.probes.items():
        skew = probe.get("clock_skew")
        if isinstance(skew, (int, float)) and abs(skew) > SKEW_SECONDS:
            direction = "ahead of" if skew > 0 else "behind"
            yield Fault(
                "the host",
                f"its clock is {abs(skew):.0f} seconds {direction} the controller's",
                "Set the clock, and install systemd-timesyncd or chrony",
                host,
            )


def edge_ports_are_free(inventory: Inventory) -> Iterable[Fault]:
    """A web server of the distribution is often there already."""
    for host, _variables, probe in _probed(inventory, EDGE):
        for port, programs in sorted((probe.get("listeners") or {}).items()):
            strangers = [str(program) for program in programs if program != EDGE]
            if strangers:
                yield Fault(
                    "the host",
                    f"port {port} is taken by {', '.join(strangers)}",
                    "Stop it and keep it from starting, or put another host into group caddy",
                    host,
                )


def app_uid_is_free(inventory: Inventory) -> Iterable[Fault]:
    """Whoever owns the uid could read the app's secrets; on Debian 13 systemd or render groups have been seen there."""
    for host, variables, probe in _probed(inventory, "mastodon"):
        uid = str(variables.get("mastodon_uid", ""))
        for kind, owners in (("user", probe.get("users") or {}), ("group", probe.get("groups") or {})):
            owner = owners.get(uid, APP_USER)
            if owner != APP_USER:
                yield Fault(
                    "mastodon_uid",
                    f"{uid} belongs to {kind} {owner} on the host",
                    "Set mastodon_uid to a number that is free there",
                    host,
                )


# The PostgreSQL that each release of Debian carries.
DISTRIBUTION_MAJORS = {"12": 15, "13": 17}


def postgres_major_is_kept(inventory: Inventory) -> Iterable[Fault]:
    """Another major would be a second, empty cluster beside the one that holds the data."""
    for host, variables, probe in _probed(inventory, "postgres"):
        installed = probe.get("postgres_majors") or []
        carried = DISTRIBUTION_MAJORS.get(str((probe.get("os") or {}).get("version")))
        wanted = number(variables.get("postgres_version")) or carried
        if wanted is not None and installed and wanted not in installed:
            shown = ", ".join(str(major) for major in installed)
            yield Fault(
                "postgres_version",
                f"it is {wanted}, but the host has a cluster of PostgreSQL {shown}",
                f"Set it to {installed[-1]}; a major upgrade is a task of its own",
                host,
            )


def engine_is_ours(inventory: Inventory) -> Iterable[Fault]:
    """The engine as we configure it has no bridge network: containers that need one would lose it."""
    for host, variables, probe in _probed(inventory, "mastodon"):
        if variables.get("mastodon_engine") == "present" or probe.get("local_domain"):
            continue
        strangers = [str(name) for name in (probe.get("docker") or {}).get("projects") or [] if name != APP_USER]
        if strangers:
            yield Fault(
                "mastodon_engine",
                f"the host's Docker engine runs other things: {', '.join(strangers)}",
                "Set mastodon_engine to present, which uses the engine as it is",
                host,
            )


RULES: tuple[InventoryRule, ...] = (
    host_answers,
    platform_is_supported,
    memory_is_enough,
    disk_is_enough,
    clock_is_right,
    edge_ports_are_free,
    app_uid_is_free,
    postgres_major_is_kept,
    engine_is_ours,
)
