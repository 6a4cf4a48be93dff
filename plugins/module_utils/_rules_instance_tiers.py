# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about which hosts there are and how they reach each other. PRIVATE to the collection."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils import _mastodon_layout, _stores
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault
from ansible_collections.fediops.mastodon.plugins.module_utils._inventory import Inventory, InventoryRule, number

TOOTCTL_POOL = 6  # tootctl -c 5, as in maintenance jobs
MEDIA_POOL = 2  # of a media host: one that asks every few seconds, and one for what was deleted
RESERVED = 3  # PostgreSQL keeps these for superusers


def app_exists(inventory: Inventory) -> Iterable[Fault]:
    """An inventory without the app was mistyped: no group then matches any play, and the run would do nothing, well."""
    if not inventory.members("mastodon"):
        yield Fault("group mastodon", "it has no host", "Put the host that runs Mastodon into group mastodon")


def _somewhere(inventory: Inventory, role: str, variable: str, what: str) -> Iterable[Fault]:
    if inventory.members("mastodon") and not inventory.members(role) and not inventory.text(variable):
        yield Fault(
            variable,
            f"the app has no {what}: group {role} is empty and {variable} is not set",
            f"Put a host into group {role}, or set {variable} to a service that exists already",
        )


def database_is_somewhere(inventory: Inventory) -> Iterable[Fault]:
    """Mastodon does not start without PostgreSQL."""
    yield from _somewhere(inventory, "postgres", "instance_database_host", "database")


def redis_is_somewhere(inventory: Inventory) -> Iterable[Fault]:
    """Mastodon does not start without Redis."""
    yield from _somewhere(inventory, "redis", "instance_redis_host", "Redis")


def store_is_somewhere(inventory: Inventory) -> Iterable[Fault]:
    """Uploads go to an object store, never onto the app host's disk."""
    yield from _somewhere(inventory, "minio", "instance_s3_endpoint", "object store")


def store_tls_is_possible(inventory: Inventory) -> Iterable[Fault]:
    """It is about a store of ours; that of somebody else has a scheme in its address."""
    wanted = inventory.instance("instance_store_tls")
    if wanted is None:
        return
    if not isinstance(wanted, bool):
        yield Fault("instance_store_tls", f"{wanted!r} is neither true nor false", "Write true or false without quotes")
    elif wanted and not inventory.members("minio"):
        yield Fault(
            "instance_store_tls",
            "no host is in group minio, so nothing would change",
            "Remove it; instance_s3_endpoint says https:// or http://",
        )


def store_can_be_read(inventory: Inventory) -> Iterable[Fault]:
    """The media host asks without a key, and where there is no bucket policy nobody answers it at the endpoint."""
    kind = inventory.text("instance_store_kind")
    foreign = inventory.members("mastodon") and not inventory.members("minio")
    lacking = _stores.lacks(kind, "policy") if foreign and kind in _stores.KINDS else ""
    if lacking and not inventory.text("instance_store_public_url"):
        yield Fault(
            "instance_store_public_url",
            f"it is not set, but {lacking}, and so nobody can read the bucket at its endpoint",
            f"Set it to the bucket's public address; to have one, {_stores.KINDS[kind].instead}",
        )


def data_has_one_home(inventory: Inventory) -> Iterable[Fault]:
    """The app is connected to the first host of these groups; a second one would stay empty, and look like a copy."""
    for role in ("postgres", "redis"):
        members = inventory.members(role)
        if len(members) > 1:
            yield Fault(
                f"group {role}",
                f"it has {len(members)} hosts ({', '.join(members)}), and only the first would ever be used",
                "Leave one host in the group",
            )


def store_hosts_agree(inventory: Inventory) -> Iterable[Fault]:
    """Several hosts are one store: each must name the drives of all."""
    found = {str(value) for _host, value in inventory.values("minio", "minio_data_dirs")}
    if len(found) > 1:
        yield Fault(
            "minio_data_dirs",
            f"it is not the same on all hosts of the store ({', '.join(inventory.members('minio'))})",
            "Set it for the whole group minio",
        )


def _private_addresses(inventory: Inventory) -> Iterator[tuple[str, Any]]:
    for host in inventory.working_hosts():
        value = inventory.hosts.get(host, {}).get("private_address")
        if value not in (None, ""):
            yield host, value


def _is_address(value: Any) -> bool:
    try:
        ipaddress.ip_address(str(value))
    except ValueError:
        return False
    return True


def private_address_is_set(inventory: Inventory) -> Iterable[Fault]:
    """Several hosts find each other by it; the default is loopback, which is right for one host only."""
    hosts = inventory.working_hosts()
    found = dict(_private_addresses(inventory))
    for host in hosts if len(hosts) > 1 else []:
        address = str(found.get(host, "127.0.0.1"))
        if address.startswith("127.") or address == "::1":
            yield Fault(
                "private_address",
                "it is not set, and the instance has several hosts",
                "Set it to the address where the other hosts reach this one: VPN or private network",
                host,
            )


def private_address_is_an_address(inventory: Inventory) -> Iterable[Fault]:
    """Daemons bind to it and access lists name it: a host name does for neither."""
    for host, value in _private_addresses(inventory):
        if not _is_address(value):
            yield Fault(
                "private_address",
                f"{value!r} is not an IP address",
                "Write one address, without prefix length and brackets",
                host,
            )


def private_address_is_unique(inventory: Inventory) -> Iterable[Fault]:
    """Usually a line that was copied from the host above."""
    owner: dict[str, str] = {}
    for host, value in _private_addresses(inventory):
        if owner.setdefault(str(value), host) != host:
            yield Fault(
                "private_address",
                f"{value} is the address of {owner[str(value)]} too",
                "Give each host its own address",
                host,
            )


def private_address_is_on_the_host(inventory: Inventory) -> Iterable[Fault]:
    """Others would talk to a stranger. An address that a VPN of this collection will bring up is not meant here."""
    for host, value in _private_addresses(inventory):
        addresses = inventory.probes.get(host, {}).get("addresses")
        if not addresses or host in inventory.groups.get("tinc_vpn", ()) or not _is_address(value):
            continue
        if str(ipaddress.ip_address(str(value))) not in addresses:
            shown = ", ".join(a for a in addresses if not a.startswith(("127.", "::1", "fe80:")))
            yield Fault(
                "private_address",
                f"the host does not have the address {value}",
                f"Use one that it has: {shown or 'none but loopback was found'}",
                host,
            )


def instance_values_agree(inventory: Inventory) -> Iterable[Fault]:
    """One inventory is one instance: two values mean that one of them is wrong."""
    hosts = inventory.working_hosts()
    names = dict.fromkeys(name for host in hosts for name in inventory.hosts.get(host, {}) if name in inventory.known)
    for name in (name for name in names if name.startswith("instance_")):
        values = [inventory.hosts.get(host, {}).get(name) for host in hosts]
        if any(value != values[0] for value in values):
            yield Fault(name, "it differs from host to host", "Set it once, in group all")


def services_run(inventory: Inventory) -> Iterable[Fault]:
    """Each host may leave out what another runs, but none may be left out by all."""
    members = inventory.members("mastodon")
    found = {name for host in members for name in _mastodon_layout.services(inventory.hosts.get(host, {}))}
    missing = [name for name in _mastodon_layout.SERVICES if name not in found]
    if members and missing:
        yield Fault(
            "mastodon_services",
            f"no host runs {', '.join(missing)}",
            "Add it to the services of a host; a host that does not set them runs all",
        )


def versions_agree(inventory: Inventory) -> Iterable[Fault]:
    """They share a database, and processes of two releases on it only meet for the minutes of an upgrade."""
    found: dict[str, list[str]] = {}
    for host, value in inventory.values("mastodon", "mastodon_version"):
        found.setdefault(str(value), []).append(host)
    if len(found) > 1:
        shown = ", ".join(f"{version} on {', '.join(hosts)}" for version, hosts in found.items())
        yield Fault("mastodon_version", f"it differs: {shown}", "Set it once, in group all")


def _queue_hosts(inventory: Inventory) -> dict[str, list[str]]:
    """Return which hosts serve each queue; a host that serves it with two processes is there twice."""
    found: dict[str, list[str]] = {}
    for host in inventory.members("mastodon"):
        for process in _mastodon_layout.processes_of(inventory.hosts.get(host, {})):
            for queue in _mastodon_layout.queue_names(process):
                found.setdefault(queue, []).append(host)
    return found


def one_scheduler(inventory: Inventory) -> Iterable[Fault]:
    """Two schedulers start every periodic job twice: each host alone may look right."""
    found = _queue_hosts(inventory).get(_mastodon_layout.SCHEDULER, [])
    if len(set(found)) > 1:
        yield Fault(
            "mastodon_sidekiq_processes",
            f"queue scheduler is served on {', '.join(found)}",
            "Leave it in one process of one host",
        )


def queues_are_served(inventory: Inventory) -> Iterable[Fault]:
    """Jobs of a queue that no host serves pile up without a word; without scheduler nothing is ever cleaned up."""
    found = _queue_hosts(inventory)
    missing = [queue for queue in _mastodon_layout.QUEUES if queue not in found]
    # Of a single host its own rules speak; without any process the services are at fault.
    if len(inventory.members("mastodon")) < 2 or not found or not missing:
        return
    cure = "Add it to a process of a host"
    if _mastodon_layout.SCHEDULER in missing:
        chosen = [host for host, value in inventory.values("mastodon", "mastodon_runs_scheduler") if value is True]
        cure += f"; scheduler may run on {', '.join(chosen) or 'no host'}, which instance_scheduler_host changes"
    yield Fault("mastodon_sidekiq_processes", f"no host serves {', '.join(missing)}", cure)


def _wanted_connections(variables: Mapping[str, Any]) -> int | None:
    services = _mastodon_layout.services(variables)
    processes = number(variables.get("mastodon_web_processes"))
    threads = number(variables.get("mastodon_web_threads"))
    sidekiq = [number(process.get("concurrency")) for process in _mastodon_layout.processes_of(variables)]
    if processes is None or threads is None or None in sidekiq:
        return None
    web = max(processes, 1) * threads if "web" in services else 0
    streaming = _mastodon_layout.STREAMING_POOL if "streaming" in services else 0
    return web + streaming + sum(n for n in sidekiq if n)


def connections_fit(inventory: Inventory) -> Iterable[Fault]:
    """Under load the last process to ask gets an error, not a place in a queue."""
    wanted = [_wanted_connections(inventory.hosts.get(host, {})) for host in inventory.members("mastodon")]
    known = [count for count in wanted if count is not None]
    if not known or len(known) != len(wanted):
        return
    total = sum(known) + TOOTCTL_POOL + RESERVED + MEDIA_POOL * len(inventory.members("nginx_media"))
    for host, value in inventory.values("postgres", "postgres_max_connections"):
        limit = number(value)
        if limit is not None and total > limit:
            yield Fault(
                "postgres_max_connections",
                f"it is {limit}, but app and media host may open {total} connections",
                f"Raise it to at least {total}, or run fewer threads",
                host,
            )


RULES: tuple[InventoryRule, ...] = (
    app_exists,
    database_is_somewhere,
    redis_is_somewhere,
    store_is_somewhere,
    store_tls_is_possible,
    store_can_be_read,
    data_has_one_home,
    store_hosts_agree,
    private_address_is_set,
    private_address_is_an_address,
    private_address_is_unique,
    private_address_is_on_the_host,
    instance_values_agree,
    services_run,
    versions_agree,
    one_scheduler,
    queues_are_served,
    connections_fit,
)
