# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe of what the app can reach from within its container. PRIVATE to the collection: no other code may rely on it.

Mastodon fetches whatever address a stranger writes. Its own filter against that has failed before, so the firewall
must hold back whatever is private and not wired to it.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding, fail, ok, warn
from ansible_collections.fediops.mastodon.plugins.module_utils._listeners import gateways, listeners, read
from ansible_collections.fediops.mastodon.plugins.module_utils._port_names import grouped, some
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, ProbeError

PATIENCE = 1.5
# Where clouds hand out credentials to whoever asks from the machine.
METADATA = (
    ("169.254.169.254", 80),
    ("169.254.170.2", 80),
    ("100.100.100.200", 80),
    ("192.0.0.192", 80),
    ("fd00:ec2::254", 80),
    ("fd20:ce::254", 80),
)
ROUTER_PORTS = (22, 80, 443)
# Nobody is of use without names, and resolvers are private more often than not.
DNS = 53
PRIVATE_PORTS = (22, 80, 443, 2019, 3000, 4000, 5432, 6379, 8080, 9000, 9001)
# Addresses that the standard library calls global, or by no name of its own.
ALSO_PRIVATE = (ipaddress.ip_network("100.64.0.0/10"), ipaddress.ip_network("192.0.0.0/24"))

# The image has Ruby and no Python. Script and questions come by stdin: arguments can be read by every user of the host.
SCRIPT = r"""
require "json"
require "socket"

asked = JSON.parse(DATA.read)
tried, waiting = [], {}
asked["doors"].each do |host, port|
  found = Addrinfo.getaddrinfo(host, port, nil, :STREAM) rescue []
  tried << {host: host, port: port, address: "", reply: "the name is unknown"} if found.empty?
  found.each do |at|
    entry = {host: host, port: port, address: at.ip_address, reply: "no answer"}
    tried << entry
    begin
      knocking = Socket.new(at.afamily, :STREAM)
      if knocking.connect_nonblock(at, exception: false) == :wait_writable
        waiting[knocking] = entry
      else
        entry[:reply] = ""
      end
    rescue SystemCallError => error
      entry[:reply] = error.message
    end
  end
end
limit = Process.clock_gettime(Process::CLOCK_MONOTONIC) + asked["patience"]
until waiting.empty?
  left = limit - Process.clock_gettime(Process::CLOCK_MONOTONIC)
  _, ready = left > 0 && IO.select(nil, waiting.keys, nil, left)
  break unless ready
  ready.each do |knocking|
    code = knocking.getsockopt(:SOCKET, :ERROR).int
    waiting.delete(knocking)[:reply] = code.zero? ? "" : SystemCallError.new(nil, code).message
  end
end
puts JSON.generate(tried)
__END__
"""


class Door(NamedTuple):
    """A port that was tried from within, by the name it was asked for. An empty reply is an open door."""

    host: str
    address: str
    port: int
    reply: str


def egress(
    context: Context,
    *,
    project: str,
    wired: Sequence[Mapping[str, Any]],
    rules: Sequence[Mapping[str, Any]] = (),
    addresses: Sequence[str] = (),
    services: Sequence[str] = ("web", "sidekiq"),
    guarded: bool = False,
) -> Iterator[Finding]:
    """Try from within a container of the app what is wired, and everything private that is not."""
    must = [(str(each["host"]), int(each["port"])) for each in wired]
    here = listeners(read("/proc/net/tcp")) | listeners(read("/proc/net/tcp6"))
    bait = baits(here, gateways(read("/proc/net/route")), [str(address) for address in addresses])
    container = _container(context, project, services)
    tried = _try(context, container, [*must, *bait])
    yield from judge(tried, must, rules, bool(guarded))


def baits(here: Iterable[tuple[str, int]], routers: Iterable[str], private: Sequence[str]) -> list[tuple[str, int]]:
    """Return what the app should not reach: what listens here, the instance's other hosts, routers and metadata."""
    found: set[tuple[str, int]] = set(METADATA)
    for address, port in here:
        everywhere = ipaddress.ip_address(address).is_unspecified
        found.update((each, port) for each in (["127.0.0.1", "::1", *private] if everywhere else [address]))
    found.update((address, port) for address in private for port in PRIVATE_PORTS)
    found.update((address, port) for address in routers for port in ROUTER_PORTS)
    return sorted(door for door in found if is_private(door[0]))


def is_private(address: str) -> bool:
    """Say whether an address is of no business to an app that speaks with the internet."""
    known = ipaddress.ip_address(address.split("%")[0])
    return not known.is_global or any(known in network for network in ALSO_PRIVATE if network.version == known.version)


def _container(context: Context, project: str, services: Sequence[str]) -> str:
    template = '{{.ID}} {{.Label "com.docker.compose.service"}} {{.Label "com.docker.compose.oneoff"}}'
    ours = f"label=com.docker.compose.project={project}"
    told = context.run(["docker", "ps", "--filter", ours, "--filter", "status=running", "--format", template])
    running = [words for words in (line.split() for line in told.splitlines()) if len(words) == 3]
    for service in services:
        for name, found, once in running:
            if once != "True" and (found == service or found.startswith(f"{service}-")):
                return name
    raise ProbeError(f"no container of {' or '.join(services)} runs, so nobody can look", "docker compose ps --all")


def _try(context: Context, container: str, doors: Sequence[tuple[str, int]]) -> list[Door]:
    question = json.dumps({"patience": PATIENCE, "doors": sorted(set(doors))})
    told = context.run(["docker", "exec", "--interactive", container, "ruby", "-"], SCRIPT + question)
    try:
        return [
            Door(str(one["host"]), str(one["address"]), int(one["port"]), str(one["reply"])) for one in json.loads(told)
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise ProbeError("the container answered something that is not JSON", "docker exec -it ... ruby -v") from error


def lets_out(rules: Iterable[Mapping[str, Any]], address: str, port: int) -> bool:
    """Say whether the firewall is meant to let the app out to an address, by the rules of its role."""
    where = ipaddress.ip_address(address.split("%")[0])
    return any(
        rule["direction"] == "out"
        and (not rule.get("peers") or any(where in ipaddress.ip_network(str(peer)) for peer in rule["peers"]))
        and (not rule.get("ports") or any(_covers(str(ports), port) for ports in rule["ports"]))
        for rule in rules
    )


def _covers(ports: str, port: int) -> bool:
    first, _dash, last = ports.partition("-")
    return int(first) <= port <= int(last or first)


def judge(
    tried: Collection[Door], must: Sequence[tuple[str, int]], rules: Sequence[Mapping[str, Any]], guarded: bool
) -> Iterator[Finding]:
    """Say which wired endpoints do not answer, and what answers that is not wired."""
    answering = {(door.host, door.port) for door in tried if not door.reply}
    dead = [
        f"{host}:{port} ({_why(tried, host, port)})"
        for host, port in dict.fromkeys(must)
        if (host, port) not in answering
    ]
    wired = {(door.address, door.port) for door in tried if (door.host, door.port) in must}
    others = {
        (door.address, door.port)
        for door in tried
        if door.address and door.port != DNS and not lets_out(rules, door.address, door.port)
    } - wired
    leaks = others & {(door.address, door.port) for door in tried if not door.reply}
    found = grouped("tcp", ((address, port, "") for address, port in sorted(leaks)))
    if dead:
        yield fail(
            f"the app does not reach {some(dead)}",
            "See whether the service listens there and the firewall lets the app out",
        )
    if not guarded:
        yield warn(
            "no firewall holds the app back; from its container answers "
            + (some(found, 4) or "nothing that it is not wired to, today"),
            "Put this host into group firewall: a hole in the app is then not a hole in everything here",
        )
    elif leaks:
        yield fail(f"the app reaches {some(found)}", "Run site.yml, which sets the firewall's rules for the app")
    elif not dead:
        yield ok(f"reaches its {len(set(must))} endpoints, and none of {len(others)} others that are private")


def _why(tried: Collection[Door], host: str, port: int) -> str:
    return "; ".join(sorted({door.reply.lower() for door in tried if (door.host, door.port) == (host, port)}))
