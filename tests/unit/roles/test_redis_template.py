# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role redis writes, rendered by Ansible itself and read back."""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rendering import read_unit, render

APP = {"name": "mastodon", "password": 'it\'s "a" password'}
DOCTOR = {"name": "doctor", "password": "another", "rules": "~* &* +@all"}


def written(template: str, **changes: Any) -> str:
    """Return a template with the role's defaults, two users, and some changes."""
    variables = {"users": [APP, DOCTOR], **changes}
    return render("redis", template, {f"redis_{name}": value for name, value in variables.items()})


def config(**changes: Any) -> dict[str, str]:
    """Return redis.conf as a dictionary; no directive stands there twice."""
    lines = [line.split(maxsplit=1) for line in written("redis.conf.j2", **changes).splitlines()]
    pairs = [line for line in lines if line and not line[0].startswith("#")]
    found = {words[0]: words[1] for words in pairs}
    assert len(found) == len(pairs)
    return found


def test_nobody_from_outside_and_nobody_without_a_name() -> None:
    found = config()
    assert found["bind"] == "127.0.0.1"
    assert found["protected-mode"] == "yes"
    assert found["aclfile"] == "/etc/redis/users.acl"
    assert config(bind_addresses=["10.8.0.1", "fd00::1"])["bind"] == "10.8.0.1 fd00::1"
    assert config(flavour="valkey")["aclfile"] == "/etc/valkey/users.acl"


def test_nothing_is_lost_or_evicted() -> None:
    found = config()
    assert found["maxmemory-policy"] == "noeviction"
    assert found["appendonly"] == "yes"
    assert found["appendfsync"] == "everysec"
    assert found["stop-writes-on-bgsave-error"] == "yes"
    assert "maxmemory" not in found
    # The role looks for the data under these names before it lets a server start.
    assert (found["dir"], found["dbfilename"], found["appenddirname"]) == (
        "/var/lib/redis",
        "dump.rdb",
        "appendonlydir",
    )


def test_a_cache_of_its_own() -> None:
    found = config(maxmemory_mb=64, maxmemory_policy="allkeys-lru", appendonly=False, save="")
    assert found["maxmemory"] == "64mb"
    assert found["maxmemory-policy"] == "allkeys-lru"
    assert found["appendonly"] == "no"
    assert found["save"] == '""'


def test_huge_pages_do_not_slow_forks() -> None:
    assert config()["disable-thp"] == "yes"


def test_users_have_hashes_and_the_default_user_nothing() -> None:
    assert written("users.acl.j2").splitlines() == [
        "user default off resetpass resetkeys resetchannels -@all",
        f"user mastodon on #{sha256(APP['password'].encode()).hexdigest()} ~* &* +@all -@dangerous +info",
        f"user doctor on #{sha256(b'another').hexdigest()} ~* &* +@all",
    ]


@pytest.mark.parametrize("overcommit", [True, False])
def test_the_service_is_closed_and_has_time(overcommit: bool) -> None:
    service = read_unit(written("unit.conf.j2", overcommit_memory=overcommit))["Service"]
    assert ("overcommit_memory" in str(service.get("ExecStartPre"))) is overcommit
    assert service["TimeoutStartSec"] == ["30min"]
    assert int(service["OOMScoreAdjust"][0]) < 0
    # The empty line takes back what Debian's unit lets the server write to.
    assert service["ReadWritePaths"] == ["", "/var/lib/redis"]
    assert service["ProtectSystem"] == ["strict"]
    assert service["UMask"] == ["0077"]
