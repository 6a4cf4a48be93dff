# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role postgres writes, rendered by Ansible itself and read back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rendering import read_unit, render

APP = {"database": "mastodon_production", "user": "mastodon", "address": "10.8.0.2/32"}
FACTS = {"distribution_major_version": "13", "memtotal_mb": 4096, "processor_vcpus": 2}


def written(template: str, **changes: Any) -> str:
    """Return a template with the role's defaults and some changes."""
    facts = {**FACTS, **changes.pop("facts", {})}
    return render("postgres", template, {"ansible_facts": facts, **{f"postgres_{k}": v for k, v in changes.items()}})


def lines(template: str, **changes: Any) -> list[str]:
    """Return what is not a comment."""
    return [line for line in written(template, **changes).splitlines() if line and not line.startswith("#")]


def settings(**changes: Any) -> dict[str, str]:
    """Return the settings; of two lines for one the later one counts, as for the server."""
    return dict(line.split(" = ", 1) for line in lines("postgresql.conf.j2", **changes))


def test_the_superuser_comes_from_nowhere_but_this_host() -> None:
    assert lines("pg_hba.conf.j2", hba=[{**APP, "database": "all", "user": "all"}])[:3] == [
        "local all postgres peer",
        "host all postgres 0.0.0.0/0 reject",
        "host all postgres ::/0 reject",
    ]


def test_rules_are_written_in_their_order_and_ask_for_scram() -> None:
    rules = [APP, {**APP, "type": "hostssl", "method": "cert"}]
    assert lines("pg_hba.conf.j2", hba=rules)[3:] == [
        "host mastodon_production mastodon 10.8.0.2/32 scram-sha-256",
        "hostssl mastodon_production mastodon 10.8.0.2/32 cert",
    ]
    assert len(lines("pg_hba.conf.j2")) == 3


def test_who_can_knock() -> None:
    found = settings()
    assert found["listen_addresses"] == "'127.0.0.1'"
    assert found["password_encryption"] == "'scram-sha-256'"
    assert settings(listen_addresses=["10.8.0.1", "fd00::1"])["listen_addresses"] == "'10.8.0.1,fd00::1'"


def test_people_s_data_stay_out_of_the_log() -> None:
    found = settings()
    assert found["log_parameter_max_length"] == "0"
    assert found["log_parameter_max_length_on_error"] == "0"


def test_nothing_that_guards_the_data_is_switched_off() -> None:
    """The server's own defaults are safe; tuning must not touch them."""
    assert not {"fsync", "full_page_writes", "synchronous_commit", "zero_damaged_pages"} & set(settings())


def test_the_admin_s_settings_win() -> None:
    text = lines("postgresql.conf.j2", settings={"jit": True})
    assert [line for line in text if line.startswith("jit ")] == ["jit = off", "jit = on"]


def test_statements_are_counted_and_not_compiled() -> None:
    found = settings()
    assert found["shared_preload_libraries"] == "'pg_stat_statements'"
    assert found["jit"] == "off"


@pytest.mark.parametrize(("debian", "provider"), [("13", " --locale-provider=builtin"), ("12", "")])
def test_a_new_cluster_has_checksums_and_a_collation_that_stays(debian: str, provider: str) -> None:
    assert lines("createcluster.conf.j2", facts={"distribution_major_version": debian}) == [
        f"initdb_options = '--data-checksums --encoding=UTF8 --locale=C.UTF-8{provider}'"
    ]


def test_the_service_is_closed() -> None:
    service = read_unit(written("sandbox.conf.j2"))["Service"]
    assert service["User"] == service["Group"] == ["postgres"]
    assert service["UMask"] == ["0077"]
    assert service["CapabilityBoundingSet"] == [""]
    assert service["NoNewPrivileges"] == ["true"]
    assert service["ProtectSystem"] == ["strict"]
    assert service["ReadWritePaths"] == ["/var/lib/postgresql /var/log/postgresql /run/postgresql"]
    assert service["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]
