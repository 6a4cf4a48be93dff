# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Origins are spelled out as a client of their URL would see them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.fediops.mastodon.plugins.filter.media_origins import FilterModule
from ansible_collections.fediops.mastodon.plugins.module_utils import _origins


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://10.0.0.1:9000", ("http", "10.0.0.1", 9000)),
        ("http://10.0.0.1", ("http", "10.0.0.1", 80)),
        ("https://s3.example.org", ("https", "s3.example.org", 443)),
        ("http://[fd00::1]:9000", ("http", "fd00::1", 9000)),
        ("https://[fd00::1]", ("https", "fd00::1", 443)),
        ("ftp://a.b", None),
        ("http://", None),
        ("http://a.b/bucket", None),
        ("http://a.b/", None),
        ("a.b:80", None),
        ("http://user@a.b", None),
        ("http://a.b?x", None),
        ("HTTP://a.b", None),
        (None, None),
        (7, None),
    ],
)
def test_server(url: Any, expected: Any) -> None:
    assert _origins.server(url) == expected


def test_prefixes() -> None:
    assert [p for p in ("", "/bucket", "/a/b-c_d.e") if not _origins.is_prefix(p)] == []
    assert [
        p
        for p in ("bucket", "/", "/a/", "/a//b", "/../a", "/a b", "/a?b", "/a%20", "/a\n", None)
        if _origins.is_prefix(p)
    ] == []


def test_address() -> None:
    assert _origins.parse({"name": "store", "url": "http://[fd00::1]:9000", "prefix": "/b"}) == _origins.Origin(
        name="store",
        scheme="http",
        host="fd00::1",
        port=9000,
        by_address=True,
        authority="[fd00::1]:9000",
        prefix="/b",
        host_header="[fd00::1]:9000",
        tls_name="fd00::1",
    )


def test_name_with_another_host_header() -> None:
    origin = {"name": "b2", "url": "https://f000.example.com", "host_header": "media.example.org:444"}
    assert _origins.parse(origin) == (
        _origins.Origin(
            name="b2",
            scheme="https",
            host="f000.example.com",
            port=443,
            by_address=False,
            authority="f000.example.com:443",
            prefix="",
            host_header="media.example.org:444",
            tls_name="media.example.org",
        )
    )


def test_bucket_in_the_path_or_in_the_name() -> None:
    origin = {"name": "b2", "url": "https://s3.eu-central-003.example.com:444", "bucket": "media", "prefix": "/old"}
    in_path, in_name = _origins.parse(origin), _origins.parse({**origin, "path_style": False})
    assert (in_path.prefix, in_path.host) == ("/media/old", "s3.eu-central-003.example.com")
    assert (in_name.prefix, in_name.host) == ("/old", "media.s3.eu-central-003.example.com")
    assert in_name.authority == in_name.host_header == "media.s3.eu-central-003.example.com:444"
    assert in_name.tls_name == "media.s3.eu-central-003.example.com"
    with pytest.raises(ValueError, match="part of an address"):
        _origins.parse({"name": "a", "url": "http://10.0.0.1", "bucket": "media", "path_style": False})


def test_certificate() -> None:
    origin = {"name": "a", "url": "https://10.0.0.1:9000", "tls_name": "s3.example.org", "tls_ca": "text"}
    parsed = _origins.parse(origin)
    assert (parsed.tls_name, parsed.tls_verify, parsed.tls_ca) == ("s3.example.org", True, "text")
    assert parsed.host_header == "10.0.0.1:9000"
    assert not _origins.parse({**origin, "tls_verify": False}).tls_verify


def test_directory() -> None:
    assert _origins.parse({"name": "disk", "directory": "/srv/media", "forbidden": "away"}) == _origins.Origin(
        name="disk",
        scheme="http",
        host="",
        port=0,
        by_address=True,
        authority="unix:origin_disk.sock",
        prefix="",
        host_header="localhost",
        tls_name="",
        directory="/srv/media",
        forbidden="away",
    )


def test_host_header_is_what_the_url_says() -> None:
    """Stores compare the Host header to the signed one: a default port that nobody wrote must not appear."""
    assert _origins.parse({"name": "a", "url": "https://a.example"}).host_header == "a.example"
    assert _origins.parse({"name": "a", "url": "http://10.0.0.1:9000"}).host_header == "10.0.0.1:9000"


def test_filter_keeps_the_order_and_names_the_faulty_one() -> None:
    spell_out = FilterModule().filters()["media_origins"]
    origins = [{"name": name, "url": "http://10.0.0.1"} for name in ("b", "a")]
    assert [origin["name"] for origin in spell_out(origins)] == ["b", "a"]
    with pytest.raises(AnsibleFilterError, match="origin 'c'"):
        spell_out([{"name": "c", "url": "http://a.b/path"}])
