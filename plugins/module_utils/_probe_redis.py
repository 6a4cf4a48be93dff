# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes of Redis or Valkey. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding, fail, ok, warn
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_resp import Client


@contextmanager
def client(context: Context, host: str, port: int, user: str, password: str) -> Iterator[Client]:
    """Open a connection and log in."""
    with context.connect(host, port) as connection:
        talk = Client(connection)
        if password:
            talk.call("AUTH", *([user] if user else []), password)
        yield talk


def information(text: str) -> dict[str, str]:
    """Return what INFO says as a mapping."""
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line and not line.startswith("#"))
    return {key: value.strip() for key, value in pairs}


def redis(
    context: Context, *, host: str, port: int = 6379, user: str = "", secret: str = "", appendonly: bool = True
) -> Iterator[Finding]:
    """Ask the server for its version, its persistence and its memory."""
    with client(context, host, port, user, context.secret(secret)) as talk:
        talk.call("PING")
        told = information(talk.text("INFO", "everything"))
    yield server(told)
    yield persistence(told, appendonly)
    yield memory(told)


def server(told: dict[str, str]) -> Finding:
    """Judge the version: Sidekiq refuses to boot below 7.0."""
    version = told.get("redis_version", "")
    product = f"Valkey {told['valkey_version']}" if "valkey_version" in told else f"Redis {version}"
    detail = f"{product}, up for {int(told.get('uptime_in_seconds', '0')) // 3600} hours"
    if int("0" + version.split(".")[0]) < 7:
        return fail(detail, "Mastodon needs Redis 7.0 or later", "Redis server")
    return ok(detail, "Redis server")


def persistence(told: dict[str, str], appendonly: bool) -> Finding:
    """Judge whether jobs in the queues would survive a power cut."""
    name, cure = "Redis persistence", "See free disk space and the log of the server"
    bad = [
        key
        for key in ("aof_last_write_status", "aof_last_bgrewrite_status", "rdb_last_bgsave_status")
        if told.get(key, "ok") != "ok"
    ]
    if bad:
        return fail(f"the last write failed: {', '.join(bad)}", cure, name)
    if told.get("loading") == "1":
        return warn("still loading its data", "Wait, then check again", name)
    if told.get("aof_enabled") == "1":
        return ok("append-only file written", name)
    if appendonly:
        return fail("the append-only file is off: a power cut loses queued jobs", "Run site.yml", name)
    return warn("the append-only file is off: a power cut loses queued jobs", "Set redis_appendonly: true", name)


def memory(told: dict[str, str]) -> Finding:
    """Judge eviction: a server that evicts loses jobs, one that may not and is full refuses them."""
    name, policy = "Redis memory", told.get("maxmemory_policy", "noeviction")
    used, limit = int(told.get("used_memory", "0")), int(told.get("maxmemory", "0"))
    detail = f"{used >> 20} MB used" + (f" of {limit >> 20}" if limit else "") + f", {policy}"
    if policy != "noeviction":
        return fail(detail, "Queues need noeviction: other policies throw jobs away", name)
    if limit and used > limit * 0.95:
        return fail(detail, "Raise redis_maxmemory_mb; above it every job is refused", name)
    if limit and used > limit * 0.8:
        return warn(detail, "Raise redis_maxmemory_mb, or see why queues grow", name)
    return ok(detail, name)
