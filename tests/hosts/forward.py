# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way into a test bed for a browser on this machine, and build/demo.json for scripts.

The hosts' network is internal, so a small container with a foot in both networks passes TCP connections on. On an
engine of our own, slirp4netns leads from the machine's loopback to it; nobody else can reach it in either case.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.hosts import authority, beds, images, inventory, slirp
from tests.hosts.engine import Engine
from tests.hosts.layout import LABEL_BED, LABEL_CHECKOUT, LABEL_PROJECT, PROJECT, Layout
from tests.hosts.progress import HarnessError, run, step

PORTS = (443, *range(8443, 8453))
GATE = "gate"


def taken(port: int) -> bool:
    """Whether something listens on that port of the machine's loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def choose_port(candidates: Iterable[int], is_taken: Callable[[int], bool] = taken) -> int:
    """The first port that is free; 443 makes the prettiest URL."""
    for port in candidates:
        if not is_taken(port):
            return port
    raise HarnessError("no port is free for the demo: 443 and 8443 to 8452 are all taken", "end one of those services")


def url(domain: str, port: int) -> str:
    """What a person types into the browser."""
    return f"https://{domain}/" if port == 443 else f"https://{domain}:{port}/"


def ensure(engine: Engine, layout: Layout, bed: str, name: str, inventory_path: str) -> dict[str, Any]:
    """Open the way in and write build/demo.json; one host at a time has it."""
    host = next((host for host in beds.hosts(engine, layout, bed) if host.name == name), None)
    if host is None:
        raise HarnessError(f"test bed {bed!r} has no host {name!r}", "bring it up first; 'status' lists what there is")
    with step(f"A way from this machine to {name}", always=False):
        ports = _ensure_gate(engine, layout, host)
        if engine.own:
            slirp.forward(layout.runtime, set(ports.values()))
    demo = describe(engine, layout, bed, name, inventory_path, ports[443])
    demo_file(layout).write_text(json.dumps(demo, indent=2) + "\n", encoding="utf-8")
    return demo


def _ensure_gate(engine: Engine, layout: Layout, host: inventory.Host) -> dict[int, int]:
    gate = layout.container(host.bed, GATE)
    state = beds.state_of(engine, gate)
    if state is not None and state != "running":
        # It was stopped with its engine. Another program may have its port by now: choose again.
        close(engine, layout, host.bed)
        state = None
    if state is None:
        _create_gate(engine, layout, host, choose_port(PORTS))
    return _published(engine, gate)


def _create_gate(engine: Engine, layout: Layout, host: inventory.Host, port: int) -> None:
    gate = layout.container(host.bed, GATE)
    pairs = {port: 443} | ({80: 80} if port == 443 and not taken(80) else {})
    listeners = [f"socat TCP-LISTEN:{inside},fork,reuseaddr TCP:{host.address}:{inside}" for inside in pairs.values()]
    # In a namespace of its own, the engine's every address is as private as loopback.
    where = "" if engine.own else "127.0.0.1:"
    publish = [word for outside, inside in pairs.items() for word in ("--publish", f"{where}{outside}:{inside}")]
    labels = {LABEL_PROJECT: PROJECT, LABEL_CHECKOUT: layout.checkout, LABEL_BED: host.bed}
    marks = [word for key, value in labels.items() for word in ("--label", f"{key}={value}")]
    script = " & ".join(listeners) + " & wait"
    engine("create", "--init", "--name", gate, *publish, *marks, images.DEPOT.tag, "sh", "-c", script)
    engine("network", "connect", layout.network(host.bed), gate)
    engine("start", gate)


def _published(engine: Engine, gate: str) -> dict[int, int]:
    """Ports of the gate: the host's own number to the number on this machine."""
    bindings = json.loads(engine("container", "inspect", "--format", "{{json .HostConfig.PortBindings}}", gate))
    return {int(inside.split("/")[0]): int(outside[0]["HostPort"]) for inside, outside in bindings.items()}


def close(engine: Engine, layout: Layout, bed: str) -> None:
    """Close the way in, if there is one."""
    gate = layout.container(bed, GATE)
    if beds.state_of(engine, gate) is None:
        return
    ports = _published(engine, gate).values()
    engine("container", "rm", "--force", gate)
    if engine.own:
        slirp.stop_forwarding(layout.runtime, set(ports))
    demo_file(layout).unlink(missing_ok=True)


def demo_file(layout: Layout) -> Path:
    """What scripts read."""
    return layout.root / "build" / "demo.json"


def _listed(layout: Layout, bed: str, path: str) -> dict[str, Any]:
    # Ansible itself is asked, so that it does not matter in which of an inventory's files a value stands.
    command = [str(Path(sys.executable).with_name("ansible-inventory")), "-i", str(layout.root / path)]
    environment = {**os.environ, "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"}
    answer = run([*command, "-i", str(layout.inventory(bed)), "--list"], environment=environment, folder=layout.root)
    return dict(json.loads(answer))


def describe(
    engine: Engine, layout: Layout, bed: str, name: str, inventory_path: str, port: int = 443
) -> dict[str, Any]:
    """What scripts want to know about the instance of a test bed, whose web interface is on the host `name`."""
    listed = _listed(layout, bed, inventory_path)
    variables = listed["_meta"]["hostvars"][name]
    return {
        "url": url(variables.get("instance_web_domain") or variables["instance_domain"], port),
        "ca_file": str(authority.certificate_file(layout)),
        "owner": variables["instance_owner_username"],
        "owner_email": variables["instance_owner_email"],
        "password_file": variables["instance_secrets_file"],
        "inventory": str(layout.inventory(bed)),
        "engine_socket": engine.socket,
        "network": layout.network(bed),
        # With the network: a container that is no part of the instance, `docker run --network … IMAGE`.
        "outside_image": images.host_recipe("debian13").tag,
        "hosts": {
            host.name: {
                "container": host.container,
                "addresses": [host.address, host.address6],
                "groups": sorted(group for group, it in listed.items() if host.name in it.get("hosts", [])),
            }
            for host in beds.hosts(engine, layout, bed)
            if host.groups  # else it is somebody else's machine
        },
    }
