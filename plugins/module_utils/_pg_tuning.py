# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL's memory and worker settings for a web application. PRIVATE to the collection.

The formulas are those of pgtune's "web" profile. "Memory" is the share of the machine that PostgreSQL may use, which is
all of it only on a host that serves nothing else.
"""

from __future__ import annotations

_KB_PER_MB = 1024
_DEFAULT_WORKER_PROCESSES = 8
# Below this many cores a parallel query takes from the other web requests more than it gives to its own.
_CORES_FOR_PARALLEL_QUERIES = 4


def tuning(memory_mb: int, max_connections: int, cores: int = 1) -> dict[str, str | int]:
    """Return the settings that follow from a share of memory, a number of connections and a number of cores."""
    if memory_mb < 1 or max_connections < 1 or cores < 1:
        raise ValueError("memory, connections and cores must be at least 1")
    shared_buffers = max(1, memory_mb // 4)
    workers = _worker_settings(cores)
    worker_processes = int(workers.get("max_worker_processes", _DEFAULT_WORKER_PROCESSES))
    return {
        "shared_buffers": f"{shared_buffers}MB",
        "effective_cache_size": f"{max(1, memory_mb * 3 // 4)}MB",
        "maintenance_work_mem": f"{_clamp(memory_mb // 16, 16, 8192)}MB",
        # Several autovacuum workers run at once, so their share is smaller than that of a person's CREATE INDEX.
        "autovacuum_work_mem": f"{_clamp(memory_mb // 16, 16, 2048)}MB",
        "work_mem": f"{_work_mem_kb(memory_mb - shared_buffers, max_connections + worker_processes)}kB",
        "wal_buffers": f"{_clamp(shared_buffers * _KB_PER_MB * 3 // 100, 32, 16 * _KB_PER_MB)}kB",
        # Small buffers gain nothing from huge pages, and reserving some would only take them from the app.
        "huge_pages": "try" if shared_buffers >= 2048 else "off",
        **workers,
    }


def _work_mem_kb(free_mb: int, processes: int) -> int:
    """Return what one sort or hash may use when every process runs three of them; never below PostgreSQL's default."""
    return max(4 * _KB_PER_MB, free_mb * _KB_PER_MB // (processes * 3))


def _worker_settings(cores: int) -> dict[str, str | int]:
    if cores < _CORES_FOR_PARALLEL_QUERIES:
        return {}
    half = min(4, (cores + 1) // 2)
    return {
        "max_worker_processes": max(_DEFAULT_WORKER_PROCESSES, cores),
        "max_parallel_workers": cores,
        "max_parallel_workers_per_gather": half,
        "max_parallel_maintenance_workers": half,
    }


def _clamp(value: int, low: int, high: int) -> int:
    return max(low, min(value, high))
