# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test beds: hosts that share a network and an inventory. The engine's labels are the only record of what exists."""

from __future__ import annotations

import base64
import contextlib
import json
import shlex
import shutil
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.hosts import authority, images, inventory, network
from tests.hosts.engine import Engine
from tests.hosts.layout import (
    LABEL_BED,
    LABEL_CHECKOUT,
    LABEL_GROUPS,
    LABEL_HOST,
    LABEL_PROJECT,
    LABEL_SUITE,
    PROJECT,
    Layout,
    check_name,
)  # fmt: skip
from tests.hosts.progress import HarnessError, run, step

# Loop devices (b 7:*) are the machine's own, for the role that mounts a file system in a file: losetup takes the next
# one that is free, and the kernel refuses one in use.
# What systemd, a Docker engine inside and a firewall need; not --privileged, which some machines cannot grant.
# Docker lets everybody bind ports below 1024: with the kernel's own default back, a missing capability shows.
RIGHTS = shlex.split("""
--cap-add SYS_ADMIN --cap-add NET_ADMIN --cap-add SYS_PTRACE
--security-opt seccomp=unconfined --security-opt apparmor=unconfined
--device-cgroup-rule 'b 7:* rmw' --device-cgroup-rule 'c 10:237 rmw'
--cgroupns private --device /dev/net/tun --tmpfs /run --tmpfs /run/lock --tmpfs /tmp:exec --shm-size 1g
--volume /var/lib/docker --stop-signal SIGRTMIN+3 --stop-timeout 60 --sysctl net.ipv4.ip_unprivileged_port_start=1024
""")

WELCOME = """
set -eu
put() { echo "$1" | base64 -d >"$3.new"; chmod "$2" "$3.new"; mv "$3.new" "$3"; }
put '{key}' 0600 /home/admin/.ssh/authorized_keys
chown admin:admin /home/admin/.ssh/authorized_keys
install -d -m 0755 /etc/fediops-test-ca
put '{certificate}' 0644 /etc/fediops-test-ca/root.crt
put '{ca_key}' 0600 /etc/fediops-test-ca/root.key
if ! cmp -s /etc/fediops-test-ca/root.crt /usr/local/share/ca-certificates/fediops-test-ca.crt; then
  cp /etc/fediops-test-ca/root.crt /usr/local/share/ca-certificates/fediops-test-ca.crt
  update-ca-certificates >/dev/null 2>&1
fi
cat /etc/ssh/ssh_host_ed25519_key.pub
"""


@dataclass(frozen=True)
class Wanted:
    """A host as it was asked for."""

    name: str
    suite: str = "debian13"
    aliases: tuple[str, ...] = ()
    groups: tuple[str, ...] = ("testhost",)


def up(engine: Engine, layout: Layout, bed: str, wanted: Sequence[Wanted]) -> None:
    """Make sure that a bed's hosts exist, run and let us in; write its inventory. The depot must be there."""
    subnet = network.ensure(engine, layout, bed)
    titles = ", ".join(f"{host.name} ({host.suite})" for host in wanted)
    with step(f"Bed {bed}: {titles}"):
        for host in wanted:
            state = state_of(engine, layout.container(bed, host.name))
            if state is None:
                _create(engine, layout, bed, host, subnet)
            elif state != "running":
                engine("start", layout.container(bed, host.name))
        containers = [layout.container(bed, host.name) for host in wanted]
        with ThreadPoolExecutor() as pool:
            keys = list(pool.map(lambda container: settle(engine, layout, container), containers))
    for container, key in zip(containers, keys, strict=True):
        remember_host_key(layout, bed, container, key)
    remember_host_key(layout, bed, layout.depot, _host_key(engine, layout.depot))
    write_inventory(engine, layout, bed)


def plan(text: str, bed: str, suite: str) -> list[Wanted]:
    """The hosts that a scenario's hosts.yml asks for; an empty text is one host with the bed's name."""
    listed = yaml.safe_load(text) or {bed: None}
    return [
        Wanted(
            check_name(name),
            (entry or {}).get("suite", suite),
            tuple((entry or {}).get("aliases", ())),
            tuple((entry or {}).get("groups", ("testhost",))),
        )
        for name, entry in listed.items()
    ]


def _create(engine: Engine, layout: Layout, bed: str, wanted: Wanted, subnet: network.Subnet) -> None:
    container = layout.container(bed, wanted.name)
    taken = [subnet.number(host.address) for host in hosts(engine, layout, bed)]
    four, six = subnet.addresses(network.free_number(taken))
    labels = {
        LABEL_PROJECT: PROJECT, LABEL_CHECKOUT: layout.checkout, LABEL_BED: bed, LABEL_HOST: wanted.name,
        LABEL_GROUPS: ",".join(wanted.groups), LABEL_SUITE: wanted.suite, inventory.LABEL_ADDRESSES: f"{four},{six}",
        inventory.LABEL_ALIASES: ",".join(wanted.aliases),
    }  # fmt: skip
    place = ["--network", layout.network(bed), "--ip", four, "--ip6", six]
    for alias in (wanted.name, f"{wanted.name}.test", *wanted.aliases):
        place += ["--network-alias", alias]
    marks = [word for key, value in labels.items() for word in ("--label", f"{key}={value}")]
    image = images.host_recipe(wanted.suite).tag
    # Names that the engine does not know are asked of the depot, which says that there is no such name: no query ever
    # leaves the network, and nothing waits for an answer.
    place += ["--dns", subnet.addresses(network.DEPOT_NUMBER)[0]]
    command = ["--detach", "--name", container, "--hostname", wanted.name, *RIGHTS, *place, *marks, image]
    engine("run", *command, "/usr/local/sbin/testhost-init", "--no-way-out")


def state_of(engine: Engine, container: str) -> str | None:
    """running, exited, created …; None when there is no such container."""
    if not engine.answers("container", "inspect", container):
        return None
    return engine("container", "inspect", "--format", "{{.State.Status}}", container)


def settle(engine: Engine, layout: Layout, container: str) -> str:
    """Wait until systemd says that all runs; let our key in; let the host trust the test CA. Its ssh key comes back."""
    state = _boot(engine, container)
    if state != "running":
        failed = engine("exec", container, "systemctl", "--failed", "--plain", "--no-legend", "list-units")
        raise HarnessError(
            f"{container} did not boot well: systemd says {state!r} {failed}".rstrip(),
            f"look: docker -H {engine.socket} exec {container} journalctl -b -p warning",
        )
    texts = {
        "key": Path(f"{ensure_ssh_key(layout)}.pub").read_bytes(),
        "certificate": authority.certificate_file(layout).read_bytes(),
        "ca_key": authority.key_file(layout).read_bytes(),
    }
    script = WELCOME
    for name, content in texts.items():
        script = script.replace(f"{{{name}}}", base64.b64encode(content).decode())
    return engine("exec", "--interactive", container, "sh", data=script.encode())


def _boot(engine: Engine, container: str) -> str:
    # systemd does not listen in its first moments: then the answer is an error on standard error, and no word.
    command = engine.command("exec", container, "systemctl", "is-system-running", "--wait")
    for _attempt in range(40):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.stdout.strip() not in {"", "offline"}:
            break
        time.sleep(0.25)
    return done.stdout.strip() or done.stderr.strip()


def _host_key(engine: Engine, container: str) -> str:
    return engine("exec", container, "cat", "/etc/ssh/ssh_host_ed25519_key.pub")


def ensure_ssh_key(layout: Layout) -> Path:
    """The key with which this checkout logs in to its hosts."""
    file = layout.build / "ssh" / "id_ed25519"
    if not file.exists():
        if shutil.which("ssh-keygen") is None:
            raise HarnessError("there is no ssh on this machine", "install openssh-client and try again")
        file.parent.mkdir(parents=True, exist_ok=True)
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "fediops-test-hosts", "-f", str(file)])
    return file


def remember_host_key(layout: Layout, bed: str, container: str, key: str) -> None:
    """Note a host's ssh key: nothing is trusted at first sight, and a new container may have an old one's address."""
    file = layout.bed(bed) / "known_hosts"
    file.parent.mkdir(parents=True, exist_ok=True)
    old = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    kept = [text for text in old if text.split(" ", 1)[0] != container]
    file.write_text("\n".join([*kept, f"{container} {' '.join(key.split()[:2])}"]) + "\n", encoding="utf-8")


def hosts(engine: Engine, layout: Layout, bed: str | None = None) -> list[inventory.Host]:
    """The hosts of a bed (or of all beds of this checkout), from the labels of their containers."""
    filters = [f"label={LABEL_CHECKOUT}={layout.checkout}", f"label={LABEL_HOST}"]
    filters += [f"label={LABEL_BED}={bed}"] if bed else []
    names = engine.names("container", *filters)
    if not names:
        return []
    found = [inventory.host_of(item) for item in json.loads(engine("container", "inspect", *names))]
    return sorted(found, key=lambda host: (host.bed, host.address))


def write_inventory(engine: Engine, layout: Layout, bed: str) -> Path:
    """Write the inventory of a bed; nothing is written when nothing changed."""
    subnet = network.of(engine, layout.network(bed))
    if subnet is None:
        raise HarnessError(f"there is no test bed {bed!r}", "bring a host of it up first; 'status' lists what there is")
    depot = inventory.depot_host(layout, bed, *subnet.addresses(network.DEPOT_NUMBER))
    offer = json.loads((layout.build / "depot.json").read_text(encoding="utf-8"))["variables"]
    # Whoever is in no group is somebody else's machine, such as a laptop: Ansible has no business there.
    listed = [host for host in hosts(engine, layout, bed) if host.groups]
    text = inventory.render(layout, engine.socket, listed, depot, offer)
    file = layout.inventory(bed)
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(text, encoding="utf-8")
    layout.control.mkdir(mode=0o700, parents=True, exist_ok=True)
    return file


def down(engine: Engine, layout: Layout, bed: str, names: list[str]) -> None:
    """Remove hosts with their volumes; with a bed's last host its network and folder go, too."""
    for name in names:
        hang_up(layout, bed, name)
        if engine.answers("container", "inspect", layout.container(bed, name)):
            engine("container", "rm", "--force", "--volumes", layout.container(bed, name))
    if hosts(engine, layout, bed):
        write_inventory(engine, layout, bed)
        return
    hang_up(layout, bed, "depot")
    network.remove(engine, layout, bed)
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(layout.bed(bed))


def hang_up(layout: Layout, bed: str, name: str) -> None:
    """End ssh's shared connection: it would lead to a host that is no more."""
    control = layout.control_socket(bed, name)
    if control.exists():
        subprocess.run(["ssh", "-O", "exit", "-S", str(control), "host"], capture_output=True, check=False)
        control.unlink(missing_ok=True)
