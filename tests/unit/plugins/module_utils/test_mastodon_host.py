# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parsers behind mastodon_info."""

from __future__ import annotations

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _mastodon_host


@pytest.mark.parametrize(("text", "value"), [("", None), (" \n", None), ("{}", {}), ('{"a": 1}', {"a": 1})])
def test_json_object(text: str, value: object) -> None:
    assert _mastodon_host.json_object(text) == value


@pytest.mark.parametrize("text", ["[]", "1", '"a"', "{", "null"])
def test_damaged_json_is_not_taken_for_nothing(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        _mastodon_host.json_object(text)


@pytest.mark.parametrize(
    ("env", "domain"),
    [
        ("", ""),
        ("LOCAL_DOMAIN=a.example\n", "a.example"),
        ("# x\nWEB_DOMAIN=b\nLOCAL_DOMAIN=a.example\nZ=1", "a.example"),
        ("OLD_LOCAL_DOMAIN=b.example", ""),
        ("#LOCAL_DOMAIN=b.example", ""),
    ],
)
def test_local_domain(env: str, domain: str) -> None:
    assert _mastodon_host.local_domain(env) == domain


def test_containers() -> None:
    listing = (
        "mastodon-web-1\tmastodon\trunning\nmastodon-tools\tmastodon\texited\n"
        "grafana\t\trunning\nforum-db-1\tforum\texited\n"
    )
    assert _mastodon_host.containers(listing, "mastodon", "mastodon-tools") == {
        "foreign": ["forum-db-1", "grafana"],
        "tools": "exited",
    }
    assert _mastodon_host.containers("", "mastodon", "mastodon-tools") == {"foreign": [], "tools": ""}


@pytest.mark.parametrize(
    ("output", "package"),
    [
        ("docker.io: /usr/sbin/dockerd\n", "docker.io"),
        ("docker-ce: /usr/bin/dockerd\n", "docker-ce"),
        ("", ""),
        ("other: /usr/share/doc/dockerd.txt\n", ""),
    ],
)
def test_engine_package(output: str, package: str) -> None:
    assert _mastodon_host.engine_package(output) == package


def test_mount_device() -> None:
    mounts = "/dev/vda1 / ext4 rw 0 0\n/dev/loop1 /srv ext4 rw 0 0\n/dev/loop2 /srv ext4 rw 0 0\n\n"
    assert _mastodon_host.mount_device(mounts, "/srv") == "/dev/loop2"
    assert _mastodon_host.mount_device(mounts, "/sr") == ""
    assert _mastodon_host.mount_device("#/dev/loop1 /srv ext4 rw 0 0\n", "/srv") == ""
