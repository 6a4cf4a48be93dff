# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL's tuning: known sizes, and what must hold for any."""

from __future__ import annotations

import re

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.fediops.mastodon.plugins.filter.postgres_tuning import FilterModule
from ansible_collections.fediops.mastodon.plugins.module_utils._pg_tuning import tuning
from hypothesis import given
from hypothesis import strategies as st


def megabytes(value: str | int) -> float:
    """Return a size in megabytes."""
    parts = re.fullmatch(r"(\d+)(kB|MB)", str(value))
    assert parts
    return int(parts[1]) / (1024 if parts[2] == "kB" else 1)


def test_a_shared_host() -> None:
    assert tuning(2048, 200, 2) == {
        "shared_buffers": "512MB",
        "effective_cache_size": "1536MB",
        "maintenance_work_mem": "128MB",
        "autovacuum_work_mem": "128MB",
        "work_mem": "4096kB",
        "wal_buffers": "15728kB",
        "huge_pages": "off",
    }


def test_a_host_of_its_own() -> None:
    assert tuning(64 * 1024, 200, 16) == {
        "shared_buffers": "16384MB",
        "effective_cache_size": "49152MB",
        "maintenance_work_mem": "4096MB",
        "autovacuum_work_mem": "2048MB",
        "work_mem": "77672kB",
        "wal_buffers": "16384kB",
        "huge_pages": "try",
        "max_worker_processes": 16,
        "max_parallel_workers": 16,
        "max_parallel_workers_per_gather": 4,
        "max_parallel_maintenance_workers": 4,
    }


@given(st.integers(1, 4_000_000), st.integers(1, 5000), st.integers(1, 512))
def test_any_size_gives_settings_that_the_server_accepts(memory: int, connections: int, cores: int) -> None:
    settings = tuning(memory, connections, cores)
    assert 1 <= megabytes(settings["shared_buffers"]) <= max(1, memory / 4)
    assert megabytes(settings["shared_buffers"]) <= megabytes(settings["effective_cache_size"])
    assert megabytes(settings["work_mem"]) >= 4
    assert 32 / 1024 <= megabytes(settings["wal_buffers"]) <= 16
    assert 16 <= megabytes(settings["autovacuum_work_mem"]) <= 2048
    assert 16 <= megabytes(settings["maintenance_work_mem"]) <= 8192
    assert int(settings.get("max_parallel_workers", 0)) <= int(settings.get("max_worker_processes", 8))


@given(st.integers(256, 1_000_000), st.integers(20, 2000))
def test_more_connections_never_get_more_memory_each(memory: int, connections: int) -> None:
    assert megabytes(tuning(memory, connections + 50)["work_mem"]) <= megabytes(tuning(memory, connections)["work_mem"])


@pytest.mark.parametrize("arguments", [(0, 100, 1), (1024, 0, 1), (1024, 100, 0)])
def test_sizes_that_make_no_sense(arguments: tuple[int, int, int]) -> None:
    with pytest.raises(AnsibleFilterError, match="at least 1"):
        FilterModule().filters()["postgres_tuning"](*arguments)


def test_a_text_is_an_error_of_the_filter() -> None:
    with pytest.raises(AnsibleFilterError):
        FilterModule().filters()["postgres_tuning"]("2GB", 100)
