# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each rule of role nginx_media finds its fault, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _media, _rules_nginx_media

STORE = {"name": "store", "url": "http://127.0.0.1:9000", "prefix": "/mastodon-media"}
OLD = {"name": "old", "url": "https://files.example.org", "host_header": "media.example.org"}
GOOD: dict[str, Any] = {
    "nginx_media_server_names": ["media.social.net"],
    "nginx_media_origins": [STORE, OLD],
    "nginx_media_listen_address": "127.0.0.1",
    "nginx_media_port": 8080,
    "nginx_media_metrics_port": 8081,
    "nginx_media_resolvers": ["9.9.9.9", "fd00::53"],
    "nginx_media_public_prefixes": list(_media.PUBLIC_PREFIXES),
    "nginx_media_cache_dir": "/var/cache/nginx-media",
    "nginx_media_cache_size": "10g",
    "nginx_media_cache_min_free": "512m",
    "nginx_media_cache_valid": "48h",
    "nginx_media_cache_inactive": "168h",
    "nginx_media_connect_timeout": "3s",
    "nginx_media_origin_timeout": "15s",
    "nginx_media_slice_size": "8m",
    "nginx_media_bust_secret": "0123456789abcdef",
    "nginx_media_bust_header": "X-Bust-Secret",
    "nginx_media_database": {"host": "10.0.0.2", "name": "instance", "user": "media", "password": "secret"},
    "nginx_media_hidden_interval": 20,
    "nginx_media_peers": ["10.0.0.8:8080", "[fd00::8]:8080"],
    "nginx_media_cdn": {"purge_url": "https://api.example.net/purge?url={url}", "headers": {"Key": "a secret"}},
    "ansible_facts": {"distribution": "Debian", "distribution_major_version": "12"},
}
KEYS = {"access_key": "janitor", "secret_key": "secret", "bucket": "media", "prefix": ""}
NOBODY = {"nginx_media_bust_secret": "", "nginx_media_database": {}}
NOTHING = {"nginx_media_peers": [], "nginx_media_cdn": {}}
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB+/==\n-----END CERTIFICATE-----\n"
RULES = {rule.__name__: rule for rule in _rules_nginx_media.RULES}


def faults(rule: str, **variables: Any) -> list[str]:
    """Return the variables at fault by one rule; each fault must say what to do."""
    found = list(RULES[rule]({**GOOD, **variables}))
    assert all(fault.fault and fault.cure and fault.variable for fault in found)
    return [fault.variable for fault in found]


def database(**changes: Any) -> dict[str, Any]:
    """Return variables with a database, changed."""
    return {"nginx_media_database": {**GOOD["nginx_media_database"], **changes}}


def cdn(**changes: Any) -> dict[str, Any]:
    """Return variables with a CDN, changed."""
    return {"nginx_media_cdn": {**GOOD["nginx_media_cdn"], **changes}}


def origin(**changes: Any) -> dict[str, Any]:
    """Return variables with one origin, changed."""
    return {"nginx_media_origins": [{**STORE, **changes}]}


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {**origin(), "nginx_media_resolvers": []},
        origin(prefix=""),
        origin(others=["10.0.0.6:9000", "[fd00::7]:9000"]),
        origin(url="http://[fd00::5]:9000"),
        {"nginx_media_public_prefixes": ["accounts", "mascots/"]},
        {"nginx_media_listen_address": "fd00::1"},
        {"nginx_media_cache_dir": "/srv/media-cache"},
        origin(host_header="s3.example.org:9000"),
        origin(bucket="Old_bucket.1", prefix="/folder"),
        origin(url="https://s3.example.org", bucket="media", path_style=False),
        origin(url="https://10.0.0.5:9000", tls_name="s3.example.org", tls_ca=CERTIFICATE * 2),
        origin(url="https://10.0.0.5:9000", tls_verify=False),
        origin(forbidden="away", connect_timeout="1s", timeout="2m"),
        {"nginx_media_origins": [{"name": "disk", "directory": "/home/mastodon/live/public/system"}]},
        {"nginx_media_slice_size": ""},
        {**NOBODY, **NOTHING},
        {"nginx_media_bust_secret": ""},
        {"nginx_media_database": {}},
        database(host="db.example.org", port=5433, tls=True, certificate=CERTIFICATE),
        origin(**KEYS, region="eu-central-1"),
        origin(**KEYS, url="https://s3.example.org", path_style=False),
        cdn(purge_url="https://api.example.net/purge_cache", body='{"files": ["{url}"]}', method="POST", ttl=60),
        cdn(purge_url="https://api.example.net/purge/{host}{path}", headers={}, method="PURGE"),
        {"ansible_facts": {}},
    ],
)
def test_good_values(variables: dict[str, Any]) -> None:
    assert {name: faults(name, **variables) for name in RULES} == {name: [] for name in RULES}


@pytest.mark.parametrize(
    ("rule", "variables"),
    [
        ("platform", {"ansible_facts": {"distribution": "Debian", "distribution_major_version": "11"}}),
        ("origins_are_listed", {"nginx_media_origins": []}),
        ("origins_are_listed", {"nginx_media_origins": [STORE, "http://127.0.0.1"]}),
        ("origin_names_tell_apart", origin(name="")),
        ("origin_names_tell_apart", origin(name="a b")),
        ("origin_names_tell_apart", {"nginx_media_origins": [STORE, {**OLD, "name": "store"}]}),
        ("origins_have_one_place", origin(url="")),
        ("origins_have_one_place", origin(directory="/srv/media")),
        ("origin_directories_are_paths", origin(directory="srv/media")),
        ("origin_directories_are_paths", origin(directory="/etc/media")),
        ("origin_directories_are_paths", origin(directory="/srv/a;b")),
        ("origin_buckets_are_buckets", origin(bucket="a/b")),
        ("origin_buckets_are_buckets", origin(bucket="b")),
        ("origin_buckets_are_buckets", origin(bucket="media", path_style=False)),
        ("origin_buckets_are_buckets", origin(url="https://s3.net", bucket="Media", path_style=False)),
        (
            "origin_buckets_are_buckets",
            {"nginx_media_origins": [{"name": "a", "directory": "/srv/media", "bucket": "media"}]},
        ),
        ("origins_of_several_servers_have_addresses", origin(others=["10.0.0.6"])),
        ("origins_of_several_servers_have_addresses", origin(others=["tempo:9000"])),
        ("origins_of_several_servers_have_addresses", {"nginx_media_origins": [{**OLD, "others": ["10.0.0.6:80"]}]}),
        ("origin_certificates_have_names", origin(url="https://10.0.0.5:9000")),
        ("origin_certificates_have_names", origin(url="https://store.net", tls_name="10.0.0.5")),
        ("origin_authorities_are_certificates", origin(tls_ca="/etc/ssl/ca.pem")),
        ("origin_authorities_are_certificates", origin(tls_ca=CERTIFICATE + "-----BEGIN PRIVATE KEY-----")),
        ("origin_refusals_are_known", origin(forbidden="broken")),
        ("origin_times_are_times", origin(timeout="15")),
        ("origin_times_are_times", origin(connect_timeout=3)),
        ("origin_urls_are_servers", origin(url="127.0.0.1:9000")),
        ("origin_urls_are_servers", origin(url="http://127.0.0.1:9000/mastodon-media")),
        ("origin_prefixes_are_paths", origin(prefix="mastodon-media")),
        ("origin_prefixes_are_paths", origin(prefix="/mastodon-media/")),
        ("origin_prefixes_are_paths", origin(prefix="/a;b")),
        ("origin_hosts_are_names", origin(host_header="https://s3.example.org")),
        ("origin_hosts_are_names", origin(host_header="a\r\nX: y")),
        ("named_origins_can_be_resolved", {"nginx_media_resolvers": []}),
        ("resolvers_are_addresses", {"nginx_media_resolvers": ["dns.example.org"]}),
        ("origins_are_not_this_proxy", origin(url="http://127.0.0.1:8080")),
        ("server_names_are_domains", {"nginx_media_server_names": []}),
        ("server_names_are_domains", {"nginx_media_server_names": ["_"]}),
        ("server_names_are_domains", {"nginx_media_server_names": ["https://media.social.net"]}),
        ("server_names_are_domains", {"nginx_media_server_names": ["media.social.net"] * 2}),
        ("listener_is_private", {"nginx_media_listen_address": "0.0.0.0"}),
        ("listener_is_private", {"nginx_media_listen_address": "::"}),
        ("listener_is_private", {"nginx_media_listen_address": "*"}),
        ("listener_is_private", {"nginx_media_listen_address": "tempo"}),
        ("port_needs_no_privilege", {"nginx_media_port": 80}),
        ("port_needs_no_privilege", {"nginx_media_port": "8080"}),
        ("port_needs_no_privilege", {"nginx_media_metrics_port": 443}),
        ("ports_differ", {"nginx_media_metrics_port": 8080}),
        ("prefixes_are_public", {"nginx_media_public_prefixes": []}),
        ("prefixes_are_public", {"nginx_media_public_prefixes": ["/accounts"]}),
        ("prefixes_are_public", {"nginx_media_public_prefixes": ["backups/"]}),
        ("prefixes_are_public", {"nginx_media_public_prefixes": ["old/backups/"]}),
        ("prefixes_are_public", {"nginx_media_public_prefixes": ["backup"]}),
        ("prefixes_are_public", {"nginx_media_public_prefixes": ["a|.*"]}),
        ("prefixes_are_public", {"nginx_media_public_prefixes": [""]}),
        ("cache_is_bounded", {"nginx_media_cache_size": 10}),
        ("cache_is_bounded", {"nginx_media_cache_size": "10GB"}),
        ("cache_is_bounded", {"nginx_media_cache_min_free": "0"}),
        ("cache_is_bounded", {"nginx_media_cache_dir": "/"}),
        ("cache_is_bounded", {"nginx_media_cache_dir": "/var"}),
        ("cache_is_bounded", {"nginx_media_cache_dir": "/etc/nginx"}),
        ("times_are_times", {"nginx_media_cache_valid": 48}),
        ("times_are_times", {"nginx_media_cache_inactive": "7d"}),
        ("times_are_times", {"nginx_media_origin_timeout": "15"}),
        ("times_are_times", {"nginx_media_connect_timeout": "3"}),
        ("slices_have_a_size", {"nginx_media_slice_size": 8}),
        ("slices_have_a_size", {"nginx_media_slice_size": "100k"}),
        ("slices_have_a_size", {"nginx_media_slice_size": "1g"}),
        ("bust_secret_cannot_be_guessed", {"nginx_media_bust_secret": "short"}),
        ("bust_secret_cannot_be_guessed", {"nginx_media_bust_secret": "0123456789 abcdef"}),
        ("bust_header_is_a_header", {"nginx_media_bust_header": "Host"}),
        ("bust_header_is_a_header", {"nginx_media_bust_header": "X_Secret"}),
        ("bust_header_is_a_header", {"nginx_media_bust_header": "X-Secret; return 200"}),
        ("database_can_be_asked", database(host="")),
        ("database_can_be_asked", database(port="5432")),
        ("database_can_be_asked", database(name="")),
        ("database_can_be_asked", database(user=None)),
        ("database_can_be_asked", database(password="")),
        ("database_can_be_asked", database(certificate="/etc/ssl/db.pem")),
        ("interval_keeps_the_promise", {"nginx_media_hidden_interval": 60}),
        ("interval_keeps_the_promise", {"nginx_media_hidden_interval": "20"}),
        ("writable_origins_are_stores", origin(access_key="janitor")),
        ("writable_origins_are_stores", origin(**{**KEYS, "secret_key": "a b"})),
        ("writable_origins_are_stores", origin(**{**KEYS, "bucket": ""})),
        ("writable_origins_are_stores", origin(**KEYS, region="eu/1")),
        (
            "writable_origins_are_stores",
            {"nginx_media_origins": [{"name": "disk", "directory": "/srv/media", **KEYS}]},
        ),
        ("cdn_can_be_asked", cdn(purge_url="api.example.net/{url}")),
        ("cdn_can_be_asked", cdn(purge_url="https://api.example.net/purge")),
        ("cdn_can_be_asked", cdn(method="post it")),
        ("cdn_can_be_asked", cdn(headers={"Key": "a\r\nb"})),
        ("cdn_can_be_asked", cdn(headers="Key: a")),
        ("cdn_can_be_asked", cdn(ttl=0)),
        ("cdn_can_be_asked", cdn(body=7)),
        ("peers_are_others", {"nginx_media_peers": ["10.0.0.8"]}),
        ("peers_are_others", {"nginx_media_peers": ["127.0.0.1:8080"]}),
        ("somebody_can_say_what_is_gone", {**NOBODY, **NOTHING, **origin(**KEYS)}),
        ("somebody_can_say_what_is_gone", {**NOBODY, **NOTHING, **cdn()}),
        ("somebody_can_say_what_is_gone", {**NOBODY, **NOTHING, "nginx_media_peers": ["10.0.0.8:8080"]}),
    ],
)
def test_faults(rule: str, variables: dict[str, Any]) -> None:
    assert len(faults(rule, **variables)) == 1


def test_every_rule_has_a_failing_case() -> None:
    cases = {case[0] for mark in test_faults.pytestmark for case in mark.args[1]}  # type: ignore[attr-defined]  # pytest adds it
    assert cases == set(RULES)


@pytest.mark.parametrize(
    "junk",
    [
        None,
        7,
        "text",
        [None, 7, "text", {}],
        [{"url": 7, "name": {}, "prefix": [], "bucket": 7, "tls_name": 7, "tls_ca": [], "directory": 7}],
        {},
    ],
)
def test_junk_never_raises(junk: Any) -> None:
    for rule in RULES.values():
        list(rule(dict.fromkeys(GOOD, junk)))
        list(rule({"nginx_media_origins": junk}))
        list(rule({}))
