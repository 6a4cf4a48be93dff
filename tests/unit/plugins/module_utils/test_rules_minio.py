# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each rule of role minio finds its fault, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _rules_minio

SUM = "sha256:" + "0a" * 32
SECRET = "never-to-be-seen-in-a-fault"
GOOD: dict[str, Any] = {
    "minio_server_url": "https://example.org/silo.tar.gz",
    "minio_server_checksum": SUM,
    "minio_client_url": "file:///srv/mc",
    "minio_client_checksum": "sha512:" + "0b" * 64,
    "minio_root_user": "root-of-the-store",
    "minio_root_password": SECRET,
    "minio_listen_address": "127.0.0.1",
    "minio_port": 9000,
    "minio_region": "us-east-1",
    "minio_data_dirs": ["/var/lib/minio/data"],
    "minio_public_url": "https://s3.example.org",
    "minio_user": "minio",
    "minio_buckets": [
        {"name": "media", "policy_preset": "mastodon_public_read", "canary_key": "site_uploads/c"},
        {"name": "backups"},
    ],
    "minio_users": [{"access_key": "mastodon", "secret_key": f"{SECRET}-either", "bucket": "media"}],
    "minio_extra_env": {"MINIO_API_REQUESTS_MAX": 400},
    "ansible_facts": {"distribution": "Debian", "distribution_major_version": "13"},
}


def faults(**variables: Any) -> list[str]:
    """Return the variables at fault; no text may hold a secret."""
    found = [fault for rule in _rules_minio.RULES for fault in rule(variables)]
    assert not [fault for fault in found if SECRET in f"{fault.fault} {fault.cure}"]
    assert all(fault.fault and fault.cure for fault in found)
    return [fault.variable for fault in found]


def bucket(**elements: Any) -> dict[str, Any]:
    """Return one changed bucket, and no users of it."""
    return {"minio_buckets": [{**GOOD["minio_buckets"][0], **elements}], "minio_users": []}


def user(**elements: Any) -> dict[str, Any]:
    """Return the users with the first one changed."""
    return {"minio_users": [{**GOOD["minio_users"][0], **elements}]}


def test_good_values() -> None:
    assert faults(**GOOD) == []


@pytest.mark.parametrize(
    "variables",
    [
        {"minio_server_binary": "/usr/bin/minio", "minio_server_checksum": "", "minio_server_url": ""},
        {"minio_server_url": "https://example.org/silo.deb", "minio_server_member": "usr/bin/silo"},
        {"minio_console_address": "10.236.0.1", "minio_console_port": 9001},
        {"minio_console_address": "fd00::1"},
        {"minio_data_dirs": ["/srv/a", "/srv/b", "/srv/c", "/srv/d"]},
        {"minio_peers": ["127.0.0.1", "10.0.0.2", "fd00::3"], "minio_data_dirs": ["/srv/a", "/srv/b"]},
    ],
)
def test_other_good_values(variables: dict[str, Any]) -> None:
    assert faults(**{**GOOD, **variables}) == []


def test_good_values_with_tls() -> None:
    names = ["127.0.0.1", "fd00::1", "s3.example.org", "localhost"]
    assert faults(**{**GOOD, "minio_tls_names": names, "minio_tls_certificate_copy": "/srv/store.crt"}) == []


@pytest.mark.parametrize(
    "variables",
    [
        {"minio_server_checksum": ""},
        {"minio_server_checksum": "0a" * 32},
        {"minio_client_checksum": "md5:" + "0a" * 16},
        {"minio_client_checksum": "sha256:https://example.org/sums"},
        {"minio_server_url": "silo.tar.gz"},
        {"minio_client_url": "ftp://example.org/mc"},
        {"minio_root_user": "ab"},
        {"minio_root_user": "a:bc"},
        {"minio_root_user": None},
        {"minio_root_password": "short"},
        {"minio_root_password": f"{SECRET}:colon"},
        {"minio_root_password": f"{SECRET} blank"},
        {"minio_root_password": f"{SECRET}\n"},
        {"minio_root_password": None},
        {"minio_root_user": SECRET, "minio_root_password": SECRET},
        {"minio_listen_address": "0.0.0.0"},
        {"minio_listen_address": "::"},
        {"minio_listen_address": ""},
        {"minio_listen_address": "localhost"},
        {"minio_listen_address": None},
        {"minio_port": 443},
        {"minio_port": "9000"},
        {"minio_tls_names": ["s3.example.org"]},
        {"minio_tls_names": ["127.0.0.1", "https://s3.example.org"]},
        {"minio_tls_names": ["127.0.0.1", "two words"]},
        {"minio_tls_certificate_copy": "/srv/store.crt"},
        {"minio_server_binary": "minio"},
        {"minio_client_binary": "/home/alice/mc"},
        {"minio_server_binary": "/opt/minio/bin/minio"},
        {"minio_server_member": "/usr/bin/silo"},
        {"minio_server_url": "https://example.org/silo.deb", "minio_server_member": "silo"},
        {"minio_server_url": "https://example.org/silo.deb", "minio_server_member": ""},
        {"minio_console_address": "0.0.0.0"},
        {"minio_console_address": "localhost"},
        {"minio_console_address": "9.9.9.9"},
        {"minio_console_address": "2606:4700::1"},
        {"minio_console_address": "127.0.0.1", "minio_console_port": 443},
        {"minio_console_address": "127.0.0.1", "minio_console_port": 9000},
        {"minio_peers": ["127.0.0.1"]},
        {"minio_peers": ["127.0.0.1", "127.0.0.1"]},
        {"minio_peers": ["127.0.0.1", "tempo"]},
        {"minio_peers": ["10.0.0.2", "10.0.0.3"]},
        {"minio_data_dirs": [f"/srv/{number}" for number in range(17)]},
        {"minio_data_dirs": ["/srv/a"], "minio_peers": ["127.0.0.1", *(f"10.0.0.{number}" for number in range(18))]},
        {"minio_peers_certificates": "/etc/ssl/peers.pem"},
        {"minio_region": ""},
        {"minio_region": "here or there"},
        {"minio_data_dirs": []},
        {"minio_data_dirs": ["data"]},
        {"minio_data_dirs": ["/"]},
        {"minio_data_dirs": ["/srv/minio/"]},
        {"minio_data_dirs": ["/srv/../tmp"]},
        {"minio_data_dirs": ["/tmp/minio"]},
        {"minio_data_dirs": ["/run"]},
        {"minio_data_dirs": ["/home/minio"]},
        {"minio_data_dirs": ["/srv/mi nio"]},
        {"minio_data_dirs": ["/srv/a", "/srv/a"]},
        {"minio_data_dirs": ["/srv/a", "/srv/a/b"]},
        {"minio_public_url": "s3.example.org"},
        {"minio_public_url": "https://s3.example.org/"},
        {"minio_public_url": "https://example.org/s3"},
        {"minio_extra_env": {"MINIO_BROWSER": "on"}},
        {"minio_extra_env": {"MINIO_ROOT_PASSWORD": "x"}},
        {"minio_extra_env": {"lower": "x"}},
        {"minio_extra_env": {"MINIO_X": "a\nMINIO_BROWSER=on"}},
        bucket(name="Media"),
        bucket(name="a"),
        bucket(name="a..b"),
        bucket(name=None),
        bucket(policy_preset="public"),
        {"minio_buckets": [{"name": "media"}, {"name": "media"}]},
        bucket(public_prefixes=["accounts/", "site_uploads/", "backups/"]),
        bucket(public_prefixes=["accounts", "site_uploads/"]),
        bucket(public_prefixes=["/accounts/", "site_uploads/"]),
        bucket(public_prefixes=["a*/", "site_uploads/"]),
        bucket(canary_key="canary"),
        bucket(canary_key="site_uploads/"),
        user(access_key="a"),
        user(access_key="a,b,c"),
        user(access_key=None),
        user(access_key="root-of-the-store"),
        user(bucket="other"),
        user(bucket=None),
        user(access="everything"),
        user(secret_key="short"),
        user(secret_key=f"{SECRET}\n{SECRET}"),
        user(secret_key=None),
        user(secret_key=SECRET),
        {"minio_users": GOOD["minio_users"] * 2},
    ],
)
def test_each_fault_is_found_and_no_other(variables: dict[str, Any]) -> None:
    assert set(faults(**{**GOOD, **variables})) & set(variables)
    assert set(faults(**{**GOOD, **variables})) <= set(variables)


def test_other_systems_are_refused() -> None:
    facts = {"distribution": "Debian", "distribution_major_version": "11"}
    assert faults(**{**GOOD, "ansible_facts": facts}) == ["minio_server_url"]


@pytest.mark.parametrize("value", [None, 3, "text", [], {}, [3], [None], {"a": None}, [{"name": []}], [{"bucket": {}}]])
@pytest.mark.parametrize("name", sorted(GOOD))
def test_no_value_makes_a_rule_raise(name: str, value: Any) -> None:
    faults(**{**GOOD, name: value})


def test_nothing_set_is_no_fault() -> None:
    assert faults() == []
