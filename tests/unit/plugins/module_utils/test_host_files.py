# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files as Debian hosts have them."""

from __future__ import annotations

import json

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _host_files

FIB_TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.0
           /8 host LOCAL
        |-- 127.0.0.1
           /32 host LOCAL
     +-- 192.0.2.0/24 2 0 2
        |-- 192.0.2.0
           /24 link UNICAST
        |-- 192.0.2.10
           /32 host LOCAL
        |-- 192.0.2.255
           /32 link BROADCAST
Local:
        |-- 127.0.0.1
           /32 host LOCAL
        |-- 192.0.2.10
           /32 host LOCAL
"""
IF_INET6 = """\
00000000000000000000000000000001 01 80 10 80       lo
20010db8000000000000000000000010 02 40 00 80     eth0
"""
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1001 1 0 100 0 0 10 0
   1: 0100007F:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1002 1 0 100 0 0 10 0
   2: 0100007F:01BB 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 1003 1 0 100 0 0 10 0
   3: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1004 1 0 100 0 0 10 0
"""


def test_addresses() -> None:
    assert _host_files.ipv4_addresses(FIB_TRIE) == ["127.0.0.1", "192.0.2.10"]
    assert _host_files.ipv6_addresses(IF_INET6) == ["::1", "2001:db8::10"]


def test_listeners_are_not_connections() -> None:
    assert _host_files.listening_inodes(TCP, [80, 443]) == {"1001": 80, "1002": 443}


def test_memory() -> None:
    assert _host_files.memory_mb("MemTotal:        4016136 kB\nMemFree: 1 kB\n") == 3922
    assert _host_files.memory_mb("") == 0


def test_assignments() -> None:
    text = "# comment\nID=debian\nVERSION_ID=\"13\"\nLOCAL_DOMAIN='social.example.org'\nexport A=b=c\n broken\n"
    assert _host_files.assignments(text) == {
        "ID": "debian",
        "VERSION_ID": "13",
        "LOCAL_DOMAIN": "social.example.org",
        "A": "b=c",
    }


@pytest.mark.parametrize(
    ("container", "owner"),
    [
        ({"Name": "/web", "Config": {"Labels": {"com.docker.compose.project": "mastodon"}}}, "mastodon"),
        ({"Name": "/lonely", "Config": {"Labels": None}}, "lonely"),
        ({"Name": "/lonely", "Config": {}}, "lonely"),
        ({"Config": {}}, ""),
        ([], ""),
    ],
)
def test_owner_of_a_container(container: object, owner: str) -> None:
    assert _host_files.compose_project(json.dumps(container)) == owner


@pytest.mark.parametrize(
    ("status", "unfinished"),
    [
        ("install ok installed", False),
        ("hold ok installed", False),
        ("deinstall ok config-files", False),
        ("unknown ok not-installed", False),
        ("install ok unpacked", True),
        ("install ok half-configured", True),
        ("install ok triggers-pending", True),
        ("install reinstreq half-installed", True),
        ("install reinstreq installed", True),
    ],
)
def test_packages_that_are_neither_here_nor_there(status: str, unfinished: bool) -> None:
    text = f"Package: base-files\nStatus: install ok installed\n\nPackage: redis-server\nStatus: {status}\nVersion: 1\n"
    assert _host_files.packages(text, unfinished=True) == (["redis-server"] if unfinished else [])
    assert _host_files.packages(text, unfinished=False) == ["base-files", "redis-server"]


@pytest.mark.parametrize("text", ["", "\x00", "|-- \n/32 host LOCAL", "{", "a\nb c d"])
def test_nonsense_is_left_out(text: str) -> None:
    assert _host_files.ipv4_addresses(text) == _host_files.ipv6_addresses(text) == []
    assert not _host_files.listening_inodes(text, [80])
    assert not _host_files.assignments(text)
    assert not _host_files.packages(text, unfinished=True)
    assert _host_files.compose_project(text) == ""
