# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may talk to whom in an instance, as rules for a firewall. PRIVATE to the collection.

This is about the instance as a whole, so only the wiring uses it: a firewall itself knows nothing of Mastodon.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SERVICES = frozenset({"web", "streaming", "sidekiq"})


@dataclass(frozen=True)
class Place:
    """One host, as far as others want to reach it."""

    name: str
    address: str  # its private address
    groups: frozenset[str] = frozenset()
    interface: str = ""  # where the private network arrives; empty when that is not known
    services: frozenset[str] = SERVICES  # of the app; empty unless the host is in group mastodon
    ssh_port: int = 22


@dataclass(frozen=True)
class Instance:
    """What the hosts have in common."""

    places: Sequence[Place]
    ports: Mapping[str, int]  # postgres, redis, minio, nginx_media, web, streaming
    edges: Mapping[str, Collection[str]]  # names of the hosts whose edge serves web, media, s3
    vpn_ports: Sequence[int] = ()
    admin_interface: str = ""  # of the admins' own network; empty when there is none
    ssh_peers: Sequence[str] = ()  # who may log in from elsewhere; empty is everybody
    app_owner: int = 991
    foreign: Sequence[tuple[str, int, str]] = field(default=())  # address, port, what: services that are not ours

    def place(self, name: str) -> Place:
        """Return a host by its name."""
        return next(place for place in self.places if place.name == name)

    def _in(self, group: str) -> list[Place]:
        return [place for place in self.places if group in place.groups]

    def clients(self, service: str) -> list[Place]:
        """Return the hosts that connect to a service."""
        if service == "postgres":
            # The media host asks what is not to be shown.
            return _union(self._in("mastodon"), self._in("nginx_media"))
        if service in ("redis", "s3"):
            return self._in("mastodon")
        if service == "minio":
            # Its own hosts among themselves, and nobody else: the app writes through the edge.
            return _union(self._in("minio"), _union(self._in("nginx_media"), self._at_edge("s3")))
        if service == "nginx_media":
            # Several of them tell each other what was deleted.
            return _union(self._at_edge("media"), self._in("nginx_media"))
        return self._at_edge("web")

    def _at_edge(self, site: str) -> list[Place]:
        return [place for place in self.places if place.name in self.edges.get(site, ())]

    def offers(self, place: Place) -> Iterator[tuple[str, int]]:
        """Yield the services of a host that only other hosts of the instance use, with their ports."""
        for service, port in self.ports.items():
            if service in SERVICES:
                if "mastodon" in place.groups and service in place.services:
                    yield service, port
            elif service in place.groups:
                yield service, port


def _union(one: Iterable[Place], two: Iterable[Place]) -> list[Place]:
    return list(dict.fromkeys([*one, *two]))


def _rule(comment: str, direction: str, protocol: str, ports: Iterable[int], **rest: Any) -> dict[str, Any]:
    kept = {name: value for name, value in rest.items() if value not in ("", [], None)}
    return {"comment": comment, "direction": direction, "protocol": protocol, "ports": list(ports), **kept}


def inbound(instance: Instance, name: str) -> Iterator[dict[str, Any]]:
    """Yield what a host lets in. Loopback needs no rule."""
    here = instance.place(name)
    yield _rule("ssh", "in", "tcp", [here.ssh_port], peers=list(instance.ssh_peers))
    if instance.ssh_peers and instance.admin_interface and "tinc_vpn" in here.groups:
        yield _rule("ssh from the admin net", "in", "tcp", [here.ssh_port], interfaces=[instance.admin_interface])
    if "caddy" in here.groups:
        yield _rule("web", "in", "tcp", [80, 443])
        yield _rule("web, HTTP/3", "in", "udp", [443])
    if "tinc_vpn" in here.groups:
        yield _rule("VPN", "in", "tcp", instance.vpn_ports)
        yield _rule("VPN", "in", "udp", instance.vpn_ports)
    for service, port in instance.offers(here):
        peers = [place.address for place in instance.clients(service) if place.name != name]
        if peers:
            interfaces = [here.interface] if here.interface else []
            yield _rule(service, "in", "tcp", [port], peers=peers, interfaces=interfaces)


def outbound(instance: Instance, name: str) -> Iterator[dict[str, Any]]:
    """Yield what the app on a host may reach although it is private."""
    here = instance.place(name)
    if "mastodon" not in here.groups:
        return
    wanted: list[tuple[str, int, str]] = [
        (place.address, instance.ports[service], service)
        for service in ("postgres", "redis")
        for place in instance.places
        if service in place.groups
    ]
    wanted += [(place.address, 443, "s3") for place in instance.places if place.name in instance.edges.get("s3", ())]
    wanted += instance.foreign
    # Each container asks itself whether it is well.
    own = [(service, port) for service, port in instance.offers(here) if service in SERVICES]
    wanted += [(here.address, port, f"{service} itself") for service, port in own]
    for address, port, comment in wanted:
        yield _rule(f"app to {comment}", "out", "tcp", [port], peers=[address], owner=instance.app_owner)


def rules(instance: Instance, name: str) -> list[dict[str, Any]]:
    """Return all rules of a host."""
    return [*inbound(instance, name), *outbound(instance, name)]


def places(described: Iterable[Mapping[str, Any]]) -> list[Place]:
    """Return hosts from what the wiring says of each."""
    return [
        Place(
            name=str(entry["name"]),
            address=str(entry["address"]),
            groups=frozenset(entry["groups"]),
            interface=str(entry.get("interface", "")),
            services=frozenset(entry.get("services", SERVICES)),
            ssh_port=int(entry.get("ssh_port", 22)),
        )
        for entry in described
    ]


def by_address(endpoints: Iterable[Mapping[str, Any]]) -> list[tuple[str, int, str]]:
    """Return the foreign services that are given by their address; a name means nothing to a firewall."""
    found = []
    for endpoint in endpoints:
        try:
            address = ipaddress.ip_address(str(endpoint["host"]))
        except ValueError:
            continue
        found.append((str(address), int(endpoint["port"]), str(endpoint["name"])))
    return found


def open_ports(wanted: Iterable[Mapping[str, Any]]) -> dict[str, list[int]]:
    """Return the ports that anybody at all can reach, by protocol, from a host's rules."""
    found: dict[str, set[int]] = {"tcp": set(), "udp": set()}
    for rule in wanted:
        if rule["direction"] == "in" and not rule.get("peers") and not rule.get("interfaces"):
            for port in rule.get("ports", ()):
                first, _dash, last = str(port).partition("-")
                found.setdefault(rule["protocol"], set()).update(range(int(first), int(last or first) + 1))
    return {protocol: sorted(ports) for protocol, ports in found.items()}
