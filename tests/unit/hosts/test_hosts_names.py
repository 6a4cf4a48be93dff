# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, places and addresses of test hosts."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from tests.hosts import forward, network
from tests.hosts.layout import Layout, check_name
from tests.hosts.progress import HarnessError, line

ONE = Layout(root=Path("/home/a/mastodon"), cache=Path("/home/a/.cache/fediops-mastodon"))
TWO = Layout(root=Path("/home/a/mastodon-two"), cache=ONE.cache)


def test_two_checkouts_never_share_a_name() -> None:
    assert ONE.container("demo", "fedi") != TWO.container("demo", "fedi")
    assert ONE.network("demo") != TWO.network("demo")
    assert ONE.depot != TWO.depot
    assert ONE.control_socket("demo", "fedi") != TWO.control_socket("demo", "fedi")


def test_all_checkouts_of_a_user_share_the_engine() -> None:
    assert ONE.runtime == TWO.runtime
    assert Layout(ONE.root, Path("/home/b/.cache/fediops-mastodon")).runtime != ONE.runtime


def test_sockets_stay_below_the_kernels_limit() -> None:
    """A unix socket's path may have 107 bytes; ssh appends 17 of its own while it connects."""
    deep = Layout(Path("/" + "deep/" * 40), Path("/" + "cache/" * 40))
    assert len(str(deep.runtime / "exec" / "containerd" / "containerd.sock.ttrpc")) <= 107
    assert len(deep.control_socket("a" * 31, "b" * 31).name) + 17 < 50


@pytest.mark.parametrize("name", ["fedi", "one_host", "a", "db-1", "x" * 31])
def test_good_names_pass(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", "Fedi", "1host", "host-", "a.b", "../x", "x" * 32, "a b", "-v"])
def test_names_that_cannot_work_are_refused(name: str) -> None:
    with pytest.raises(HarnessError, match="cannot be the name"):
        check_name(name)


def test_subnets_cover_the_pool_once_and_start_by_seed() -> None:
    found = list(network.subnets("seed"))
    assert len({subnet.four for subnet in found}) == 256
    assert all(subnet.four.subnet_of(network.POOL) for subnet in found)
    assert all(subnet.six.is_private and subnet.six.prefixlen == 64 for subnet in found)
    assert next(network.subnets("seed")) == found[0]
    assert len({next(network.subnets(f"seed {number}")).four for number in range(20)}) > 5


def test_addresses_and_numbers_are_each_others_inverse() -> None:
    subnet = network.Subnet(ipaddress.IPv4Network("10.213.7.0/24"), ipaddress.IPv6Network("fd01:2:3:7::/64"))
    assert subnet.addresses(10) == ("10.213.7.10", "fd01:2:3:7::a")
    assert [subnet.number(subnet.addresses(number)[0]) for number in (2, 10, 249)] == [2, 10, 249]


def test_the_lowest_free_number_is_taken() -> None:
    assert network.free_number([]) == network.FIRST_HOST_NUMBER
    assert network.free_number([10, 11, 13]) == 12


def test_the_demo_prefers_443() -> None:
    assert forward.choose_port(forward.PORTS, lambda _port: False) == 443
    assert forward.choose_port(forward.PORTS, {443}.__contains__) == 8443
    assert forward.choose_port(forward.PORTS, {443, 8443}.__contains__) == 8444
    with pytest.raises(HarnessError, match="no port is free"):
        forward.choose_port(forward.PORTS, lambda _port: True)


def test_urls_name_the_port_only_when_they_must() -> None:
    assert forward.url("mastodon.localhost", 443) == "https://mastodon.localhost/"
    assert forward.url("mastodon.localhost", 8443) == "https://mastodon.localhost:8443/"


def test_step_lines_are_aligned() -> None:
    lines = [line("short ", 1.25), line("a rather longer text ", 123.4)]
    assert len({len(text) for text in lines}) == 1
    assert [text.split()[-2:] for text in lines] == [["1.2", "s"], ["123.4", "s"]]
