# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What passes as well-formed may be written into a configuration file without quotes."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _syntax
from hypothesis import given
from hypothesis import strategies as st

CHECKS = (
    _syntax.is_domain,
    _syntax.is_slug,
    _syntax.is_address,
    _syntax.is_checksum,
    _syntax.is_path,
    _syntax.is_member,
    _syntax.is_duration,
    _syntax.is_port,
    _syntax.is_download,
    _syntax.is_wildcard,
)
READERS = (_syntax.endpoint, _syntax.network, _syntax.size, _syntax.listed)
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.lists(st.text()),
    st.dictionaries(st.text(), st.text()),
)


@given(ANYTHING)
def test_nothing_raises(value: Any) -> None:
    for function in (*CHECKS, *READERS):
        function(value)


@given(st.text(alphabet="ab.:/-_1 \n\t{}\"'`;$#\\@[]", max_size=12))
def test_no_accepted_text_needs_quotes(value: str) -> None:
    quoted = set(" \n\t{}\"'`;$#\\")
    for check in (_syntax.is_domain, _syntax.is_slug, _syntax.is_path, _syntax.is_member, _syntax.is_address):
        assert not (check(value) and quoted & set(value))
    assert not (_syntax.endpoint(value) and quoted & set(value))
    assert not (_syntax.network(value) and quoted & set(value))


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (
            _syntax.is_domain,
            ["a.b", "xn--bcher-kva.example", "mastodon.localhost", "1.example"],
            [
                "localhost",
                "A.b",
                "https://a.b",
                "a_b.c",
                "a.b.",
                "-a.b",
                "a..b",
                "*.a.b",
                "a.b:443",
                "1.2.3.4",
                "a.b\n",
                "a" * 64 + ".b",
                "bücher.example",
                None,
                7,
            ],
        ),
        (_syntax.is_slug, ["a", "old-store_2"], ["", "A", "2a", "a b", "a" * 64, None]),
        (_syntax.is_address, ["10.0.0.1", "fd00::1"], ["10.0.0.0/8", "fe80::1%eth0", "a", "", "10.0.0.1\n", None, 1]),
        (_syntax.is_wildcard, ["0.0.0.0", "::"], ["127.0.0.1", "*", None]),
        (
            _syntax.is_checksum,
            ["sha256:" + "a" * 64, "sha512:" + "0" * 128],
            ["sha256:" + "a" * 63, "sha512:" + "a" * 64, "md5:" + "a" * 32, "a" * 64, "sha256:" + "A" * 64, "", None],
        ),
        (
            _syntax.is_path,
            ["/a", "/etc/ssl/my-cert_1.pem"],
            ["a", "/", "/a/../b", "/a/", "//a", "/a b", "/.a", "", None],
        ),
        (_syntax.is_member, ["caddy", "caddy-2.11/caddy"], ["/caddy", "../caddy", "a/../b", ".caddy", "", "a b", None]),
        (_syntax.is_duration, ["1s", "48h", "5m"], ["0s", "5", "1d", "1.5h", "-1s", "1s\n", "", 5, None]),
        (_syntax.is_port, [1, 65535], [0, 65536, "80", True, None, 1.0]),
        (
            _syntax.is_download,
            ["https://a.b/c.tar.gz", "http://127.0.0.1:8000/x", "file:///srv/caddy"],
            ["ftp://a/b", "https://a.b", "https://a.b/", "/srv/caddy", "file://host/x", "https://a/b c", "", None],
        ),
    ],
)
def test_forms(check: Any, good: list[Any], bad: list[Any]) -> None:
    assert [value for value in good if not check(value)] == []
    assert [value for value in bad if check(value)] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.1:80", ("10.0.0.1", 80)),
        ("[fd00::1]:80", ("fd00::1", 80)),
        ("app:3000", ("app", 3000)),
        ("app.example.org:3000", ("app.example.org", 3000)),
        ("10.0.0.1", None),
        ("10.0.0:80", None),
        ("10.0.0.1:0", None),
        ("10.0.0.1:65536", None),
        ("fd00::1:80", None),
        ("http://a:80", None),
        ("a:80/b", None),
        ("a b:80", None),
        (":80", None),
        (80, None),
    ],
)
def test_endpoint(text: Any, expected: Any) -> None:
    assert _syntax.endpoint(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("110MB", 110_000_000),
        ("99MiB", 103_809_024),
        ("1 GB", 10**9),
        ("1GiB", 2**30),
        ("5kB", 5000),
        ("110", None),
        ("110M", None),
        ("0MB", None),
        ("1.5GB", None),
        ("110mb", None),
        (110, None),
    ],
)
def test_size(text: Any, expected: int | None) -> None:
    assert _syntax.size(text) == expected


def test_network() -> None:
    assert str(_syntax.network("10.0.0.0/8")) == "10.0.0.0/8"
    assert str(_syntax.network("10.0.0.1")) == "10.0.0.1/32"
    assert [_syntax.network(text) for text in ("10.0.0.1/8", "10/8", "a", "", None, 1)] == [None] * 6
