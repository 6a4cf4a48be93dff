# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each rule of role postgres finds its fault, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _rules_postgres

SECRET = "never-to-be-seen-in-a-fault"
FACTS = {"distribution": "Debian", "distribution_major_version": "13", "memtotal_mb": 8000}
GOOD: dict[str, Any] = {
    "postgres_version": 17,
    "postgres_listen_addresses": ["127.0.0.1", "fd00::1"],
    "postgres_port": 5432,
    "postgres_memory_mb": 2048,
    "postgres_max_connections": 200,
    "postgres_users": [{"name": "mastodon", "password": SECRET}, {"name": "reader", "password": f"{SECRET}-2"}],
    "postgres_databases": [{"name": "mastodon_production", "owner": "mastodon"}],
    "postgres_hba": [
        {"database": "mastodon_production", "user": "mastodon", "address": "127.0.0.1/32"},
        {
            "type": "hostssl",
            "database": "mastodon_production",
            "user": "reader",
            "address": "fd00::/64",
            "method": "scram-sha-256",
        },
    ],
    "postgres_tls_names": ["db.example.org", "10.235.0.1", "fd00::1"],
    "postgres_tls_certificate_copy": "/home/alice/example/.tls/postgres.crt",
    "postgres_settings": {"work_mem": "8MB", "pg_stat_statements.max": 9000, "track_io_timing": True},
    "ansible_facts": FACTS,
}


def faults(**variables: Any) -> list[str]:
    """Return the variables at fault; no text may hold a secret."""
    found = [fault for rule in _rules_postgres.RULES for fault in rule(variables)]
    assert not [fault for fault in found if SECRET in f"{fault.fault} {fault.cure}"]
    assert all(fault.fault and fault.cure for fault in found)
    return [fault.variable for fault in found]


def user(**elements: Any) -> dict[str, Any]:
    """Return a user nobody else refers to, with some elements changed."""
    return {"postgres_users": [*GOOD["postgres_users"], {"name": "extra", "password": SECRET, **elements}]}


def database(**elements: Any) -> dict[str, Any]:
    """Return a database nobody else refers to, with some elements changed."""
    return {"postgres_databases": [*GOOD["postgres_databases"], {"name": "extra", "owner": "reader", **elements}]}


def access(**elements: Any) -> dict[str, Any]:
    """Return one access rule with some elements changed."""
    return {"postgres_hba": [{**GOOD["postgres_hba"][0], **elements}]}


@pytest.mark.parametrize("variables", [{}, {"postgres_version": 0}, {"postgres_memory_mb": 0}])
def test_good_values(variables: dict[str, Any]) -> None:
    assert faults(**{**GOOD, **variables}) == []


@pytest.mark.parametrize(
    "variables",
    [
        {"postgres_version": 14},
        {"postgres_version": "17"},
        {"postgres_version": None},
        {"postgres_port": 80},
        {"postgres_port": 65536},
        {"postgres_port": "5432"},
        {"postgres_port": True},
        {"postgres_listen_addresses": ["*"]},
        {"postgres_listen_addresses": ["0.0.0.0"]},
        {"postgres_listen_addresses": ["::"]},
        {"postgres_listen_addresses": ["localhost"]},
        {"postgres_listen_addresses": ["127.0.0.1", "224.0.0.1"]},
        {"postgres_memory_mb": 128},
        {"postgres_memory_mb": 8001},
        {"postgres_memory_mb": "2GB"},
        {"postgres_max_connections": 10},
        {"postgres_max_connections": 5000},
        {"postgres_max_connections": "200"},
        user(name="postgres"),
        user(name="pg_monitor"),
        user(name="Mastodon"),
        user(name="x; DROP"),
        user(name=""),
        user(name=None),
        user(name="a" * 64),
        user(name="reader"),
        user(password="short"),
        user(password=None),
        user(password="twenty characters, é"),
        user(password="a blank in the middle"),
        database(name="template1"),
        database(name="all"),
        database(name="my-db"),
        database(name="mastodon_production"),
        database(owner="nobody"),
        database(owner=None),
        access(method="trust"),
        access(method="md5"),
        access(method="password"),
        access(type="local"),
        access(type="hostnossl"),
        access(address="127.0.0.1"),
        access(address="10.0.0.1/24"),
        access(address="0.0.0.0/0"),
        access(address="::/0"),
        access(address="samenet"),
        access(address=None),
        access(user="stranger"),
        access(user="all"),
        access(database="postgres"),
        access(database="all"),
        {"postgres_tls_names": ["*.example.org"]},
        {"postgres_tls_names": ["10.0.0.1,DNS:evil"]},
        {"postgres_tls_names": ["10.0.0.0/8"]},
        {"postgres_settings": {"port": 5433}},
        {"postgres_settings": {"listen_addresses": "*"}},
        {"postgres_settings": {"hba_file": "/tmp/x"}},
        {"postgres_settings": {"password_encryption": "md5"}},
        {"postgres_settings": {"Work_Mem": "8MB"}},
        {"postgres_settings": {"work_mem = 1\nssl": "off"}},
        {"postgres_settings": {"application_name": "two\nlines"}},
        {"postgres_settings": {"work_mem": None}},
        {"postgres_settings": {"work_mem": {"a": 1}}},
        {"ansible_facts": {**FACTS, "distribution": "Ubuntu", "distribution_major_version": "24"}},
        {"ansible_facts": {**FACTS, "distribution_major_version": "11"}},
    ],
    ids=repr,
)
def test_one_fault(variables: dict[str, Any]) -> None:
    expected = next(iter(variables))
    assert faults(**{**GOOD, **variables}) == ["postgres_version" if expected == "ansible_facts" else expected]


def test_a_copy_needs_a_certificate() -> None:
    assert faults(**{**GOOD, "postgres_tls_names": []}) == ["postgres_tls_certificate_copy"]


def test_an_unknown_memory_is_no_fault() -> None:
    assert faults(**{**GOOD, "postgres_memory_mb": 900000, "ansible_facts": {}}) == []


@pytest.mark.parametrize("facts", [{}, None, {"distribution": "Debian"}])
def test_facts_may_be_absent(facts: Any) -> None:
    assert faults(**{**GOOD, "ansible_facts": facts}) == []


@pytest.mark.parametrize("junk", [None, "text", 7, [], {}, [None], [{}], [{"name": ["x"]}], {"a": {}}, True])
@pytest.mark.parametrize("name", sorted(GOOD))
def test_junk_raises_nothing(name: str, junk: Any) -> None:
    faults(**{**GOOD, name: junk})
    faults(**{name: junk})


def test_nothing_set_is_no_fault() -> None:
    assert faults() == []
