# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of a test bed: how to reach its hosts, and what differs from production because it is a test bed.

It holds addresses and throw-away passwords, so it is written into build/ and never committed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from tests.hosts.layout import LABEL_BED, LABEL_GROUPS, LABEL_HOST, LABEL_SUITE, Layout

LABEL_ADDRESSES = "fediops.addresses"
LABEL_ALIASES = "fediops.aliases"
USER = "admin"
HEADER = "# Written by tests/hosts; changes are lost.\n"


@dataclass(frozen=True)
class Host:
    """What the inventory says about one host."""

    name: str
    bed: str
    container: str
    address: str
    address6: str
    groups: tuple[str, ...] = field(default=())
    aliases: tuple[str, ...] = field(default=())
    suite: str = "debian13"
    state: str = "running"


def host_of(inspected: Mapping[str, Any]) -> Host:
    """A host from what ``docker inspect`` says about its container."""
    labels = inspected["Config"]["Labels"]
    address, address6 = labels[LABEL_ADDRESSES].split(",")
    return Host(
        name=labels[LABEL_HOST],
        bed=labels[LABEL_BED],
        container=inspected["Name"].removeprefix("/"),
        address=address,
        address6=address6,
        groups=tuple(group for group in labels[LABEL_GROUPS].split(",") if group),
        aliases=tuple(alias for alias in labels.get(LABEL_ALIASES, "").split(",") if alias),
        suite=labels[LABEL_SUITE],
        state=inspected["State"]["Status"],
    )


def depot_host(layout: Layout, bed: str, address: str, address6: str) -> Host:
    """The depot as a host of a bed: it stands outside of the instance and looks at it."""
    return Host("depot", bed, layout.depot, address, address6, groups=("observer",))


def connection(layout: Layout, socket: str, host: Host) -> dict[str, Any]:
    """How Ansible and strangers reach a host: ssh, whose packets enter the bed's network in the depot.

    The machine itself often has no route to containers (an engine in a network namespace or in a VM of its own).
    """
    options = {
        "ProxyCommand": f"docker -H {socket} exec -i {layout.depot} nc %h %p",
        "HostKeyAlias": host.container,
        "UserKnownHostsFile": f'"{layout.bed(host.bed)}/known_hosts"',  # ssh splits this one at spaces
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
        "ServerAliveInterval": "5",
        "ServerAliveCountMax": "6",
    }
    return {
        "ansible_connection": "ansible.builtin.ssh",
        "ansible_host": host.address,
        "ansible_user": USER,
        "ansible_ssh_private_key_file": str(layout.build / "ssh" / "id_ed25519"),
        "ansible_ssh_args": "-o ControlMaster=auto -o ControlPersist=120s",
        "ansible_ssh_common_args": " ".join(f"-o '{name}={value}'" for name, value in options.items()),
        "ansible_control_path": str(layout.control_socket(host.bed, host.name)),
        "ansible_python_interpreter": "/usr/bin/python3",
        # Where strangers reach the host: whoever looks from outside knocks at both.
        "public_addresses": [host.address, host.address6],
    }


def bed_variables(layout: Layout, bed: str) -> dict[str, Any]:
    """What a test bed sets for all hosts, besides what the depot serves."""
    return {
        "instance_secrets_file": str(layout.bed(bed) / "secrets.yml"),
        "caddy_tls_issuer": "internal",
        "caddy_internal_root_certificate": "/etc/fediops-test-ca/root.crt",
        "caddy_internal_root_key": "/etc/fediops-test-ca/root.key",
        "mastodon_ca_bundle": "/etc/ssl/certs/ca-certificates.crt",
    }


def mail_way(depot: Host) -> dict[str, Any]:
    """The firewall lets the app reach public addresses only, and the mail server of a test bed has none."""
    addresses = (depot.address, depot.address6)
    return {"instance_private_services": [{"name": "mail", "host": each, "port": 587} for each in addresses]}


def names(hosts: Sequence[Host]) -> dict[str, Any]:
    """The hosts' other names. The depot is on every bed's network, where the same name may mean another bed's host."""
    known = {alias: host.address for host in hosts for alias in host.aliases}
    return {"check_resolve": known} if known else {}


def media_way(hosts: Sequence[Host]) -> dict[str, Any]:
    """The app tells the media host what was deleted, and in a test bed its name leads to a private address."""
    found = [host.address for host in hosts for alias in host.aliases if alias.startswith("media.")]
    return {"instance_media_address": found[0]} if found else {}


def render(layout: Layout, socket: str, hosts: Sequence[Host], depot: Host, offer: Mapping[str, Any]) -> str:
    """The inventory's text, with the variables of what the depot offers. All hosts must be of one bed."""
    hosts = [*hosts, depot]
    groups: dict[str, Any] = {}
    for host in hosts:
        for group in host.groups:
            groups.setdefault(group, {"hosts": {}})["hosts"][host.name] = None
    everyone = {
        "hosts": {host.name: connection(layout, socket, host) for host in hosts},
        "vars": {**bed_variables(layout, hosts[0].bed), **mail_way(depot), **media_way(hosts), **names(hosts), **offer},
        "children": groups,
    }
    return HEADER + yaml.safe_dump({"all": everyone}, sort_keys=False, width=10_000)
