# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of a test bed."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import yaml

from tests.hosts import inventory
from tests.hosts.layout import Layout

LAYOUT = Layout(root=Path("/home/a/check out"), cache=Path("/home/a/.cache/fediops-mastodon"))
SOCKET = "unix:///run/engine.sock"
INSPECTED: dict[str, Any] = {
    "Name": "/fediops-12345678-demo-fedi",
    "State": {"Status": "running"},
    "Config": {
        "Labels": {
            "fediops.host": "fedi",
            "fediops.bed": "demo",
            "fediops.groups": "testhost,extra",
            "fediops.aliases": "demo.localhost",
            "fediops.suite": "debian12",
            "fediops.addresses": "10.213.7.10,fd01::a",
        }
    },
}


def rendered() -> dict[str, Any]:
    """The inventory of one host and the depot, read back."""
    depot = inventory.depot_host(LAYOUT, "demo", "10.213.7.2", "fd01::2")
    text = inventory.render(LAYOUT, SOCKET, [inventory.host_of(INSPECTED)], depot, {"mastodon_smtp_port": 587})
    found: dict[str, Any] = yaml.safe_load(text)["all"]
    return found


def test_a_host_is_what_its_labels_say() -> None:
    host = inventory.host_of(INSPECTED)
    assert (host.name, host.bed, host.suite, host.state) == ("fedi", "demo", "debian12", "running")
    assert (host.container, host.address, host.address6) == ("fediops-12345678-demo-fedi", "10.213.7.10", "fd01::a")
    assert host.groups == ("testhost", "extra")


def test_groups_hold_their_hosts() -> None:
    groups = rendered()["children"]
    assert {name: list(group["hosts"]) for name, group in groups.items()} == {
        "testhost": ["fedi"],
        "extra": ["fedi"],
        "observer": ["depot"],
    }


def test_ssh_reads_each_option_as_one_word_whatever_the_path() -> None:
    host = rendered()["hosts"]["fedi"]
    words = shlex.split(host["ansible_ssh_common_args"])
    options = dict(word.split("=", 1) for word in words if word != "-o")
    assert words[::2] == ["-o"] * len(options)
    assert options["ProxyCommand"] == f"docker -H {SOCKET} exec -i {LAYOUT.depot} nc %h %p"
    assert options["HostKeyAlias"] == "fediops-12345678-demo-fedi"
    assert options["StrictHostKeyChecking"] == "yes"
    # ssh itself splits this option at spaces, unless it is quoted.
    assert options["UserKnownHostsFile"] == f'"{LAYOUT.bed("demo")}/known_hosts"'


def test_the_observer_finds_the_host_of_its_own_bed() -> None:
    assert rendered()["vars"]["check_resolve"] == {"demo.localhost": "10.213.7.10"}


def test_the_app_finds_the_media_host_at_its_private_address() -> None:
    hosts = [inventory.Host("data", "bed", "c", "10.0.0.2", "fd00::2", aliases=("s3.x.test", "media.x.test"))]
    assert inventory.media_way(hosts) == {"instance_media_address": "10.0.0.2"}
    assert inventory.media_way([]) == {}


def test_the_app_may_reach_the_test_bed_s_mail_server() -> None:
    services = rendered()["vars"]["instance_private_services"]
    assert [(each["host"], each["port"]) for each in services] == [("10.213.7.2", 587), ("fd01::2", 587)]


def test_hosts_are_reached_as_an_ordinary_user() -> None:
    for host in rendered()["hosts"].values():
        assert host["ansible_user"] == "admin"
        assert host["ansible_connection"] == "ansible.builtin.ssh"


def test_what_the_depot_offers_reaches_all_hosts() -> None:
    variables = rendered()["vars"]
    assert variables["mastodon_smtp_port"] == 587
    assert variables["instance_secrets_file"] == str(LAYOUT.bed("demo") / "secrets.yml")
    assert variables["caddy_tls_issuer"] == "internal"
