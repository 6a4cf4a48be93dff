# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redis and Sidekiq, as a server on loopback tells of them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import probe_servers as servers
import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _probe_redis, _probe_sidekiq
from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, ProbeError
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_resp import decode

QUEUES = ["default", "push", "ingress", "mailers", "pull", "scheduler", "fasp"]
CONTEXT = Context(timeout=3, secrets={"redis": "right"})
INFO = {
    "redis_version": "8.0.2",
    "uptime_in_seconds": "7300",
    "aof_enabled": "1",
    "aof_last_write_status": "ok",
    "used_memory": "5000000",
    "maxmemory": "100000000",
    "maxmemory_policy": "noeviction",
}


def reply(value: Any) -> bytes:
    if value is None:
        return b"$-1\r\n"
    if isinstance(value, int):
        return b":%d\r\n" % value
    if isinstance(value, list):
        return b"*%d\r\n" % len(value) + b"".join(reply(member) for member in value)
    return b"$%d\r\n%s\r\n" % (len(value.encode()), value.encode())


def fake(data: Mapping[str, Any]) -> Any:
    """A server that knows these keys, and lets nobody in without the right password."""

    def handle(connection: Any) -> None:
        read, allowed = b"", False
        while more := connection.recv(65536):
            read += more
            while found := decode(read):
                words, end = found
                read = read[end:]
                assert isinstance(words, list)
                allowed = allowed or words == ["AUTH", "mastodon", "right"]
                connection.sendall(answer(data, words, allowed))

    return servers.tcp(handle)


def answer(data: Mapping[str, Any], words: list[str], allowed: bool) -> bytes:
    if not allowed:
        return b"-WRONGPASS invalid username-password pair\r\n"
    command, *rest = words
    if command in ("AUTH", "PING"):
        return b"+OK\r\n"
    value = data.get(rest[0]) if rest else None
    if command == "INFO":
        return reply("# Server\r\n" + "".join(f"{key}:{text}\r\n" for key, text in data["INFO"].items()))
    if command == "SMEMBERS":
        return reply(value or [])
    if command == "HMGET":
        return reply([(value or {}).get(field) for field in rest[1:]])
    if command in ("LLEN", "ZCARD"):
        return reply(len(value or []))
    if command == "LINDEX":
        return reply((value or [None])[-1])
    return b"-ERR unknown command\r\n"


def findings(probe: Any, data: Mapping[str, Any], context: Context = CONTEXT, **options: Any) -> dict[str, Finding]:
    with fake(data) as port:
        found = list(probe(context, host=servers.HOST, port=port, user="mastodon", secret="redis", **options))
    return {each.name: each for each in found}


def test_a_healthy_server() -> None:
    found = findings(_probe_redis.redis, {"INFO": INFO})
    assert {each.status for each in found.values()} == {"ok"}
    assert found["Redis server"].detail == "Redis 8.0.2, up for 2 hours"
    assert found["Redis memory"].detail == "4 MB used of 95, noeviction"


def test_a_wrong_password_is_said_and_not_shown() -> None:
    with pytest.raises(ProbeError, match="refused AUTH: WRONGPASS") as caught:
        findings(_probe_redis.redis, {"INFO": INFO}, Context(timeout=3, secrets={"redis": "geheim"}))
    assert "geheim" not in caught.value.detail


def test_a_secret_that_was_not_handed_over() -> None:
    with pytest.raises(ProbeError, match="'redis' was not handed over"):
        findings(_probe_redis.redis, {"INFO": INFO}, Context(timeout=3))


@pytest.mark.parametrize(
    ("change", "name", "status", "said"),
    [
        ({"redis_version": "6.2.14"}, "Redis server", "fail", "6.2.14"),
        ({"redis_version": ""}, "Redis server", "fail", "Redis"),
        ({"redis_version": "7.2.4", "valkey_version": "8.1.1"}, "Redis server", "ok", "Valkey 8.1.1"),
        ({"aof_enabled": "0"}, "Redis persistence", "fail", "is off"),
        ({"aof_last_write_status": "err"}, "Redis persistence", "fail", "aof_last_write_status"),
        ({"rdb_last_bgsave_status": "err"}, "Redis persistence", "fail", "rdb_last_bgsave_status"),
        ({"loading": "1"}, "Redis persistence", "warn", "loading"),
        ({"maxmemory_policy": "allkeys-lru"}, "Redis memory", "fail", "allkeys-lru"),
        ({"used_memory": "97000000"}, "Redis memory", "fail", "92 MB used"),
        ({"used_memory": "85000000"}, "Redis memory", "warn", "81 MB used"),
        ({"maxmemory": "0"}, "Redis memory", "ok", "4 MB used, noeviction"),
    ],
)
def test_a_server_in_trouble(change: dict[str, str], name: str, status: str, said: str) -> None:
    found = findings(_probe_redis.redis, {"INFO": {**INFO, **change}})[name]
    assert (found.status, said in found.detail) == (status, True)


def test_without_append_only_by_intention() -> None:
    found = findings(_probe_redis.redis, {"INFO": {**INFO, "aof_enabled": "0"}}, appendonly=False)
    assert found["Redis persistence"].status == "warn"


def worker(
    queues: list[str], *, version: str = "8.1.6", capsules: bool = False, age: float = 3, quiet: str = "false"
) -> dict[str, str]:
    info: dict[str, Any] = {"concurrency": 5, "version": version}
    if capsules:
        info["capsules"] = {"default": {"concurrency": 5, "weights": dict.fromkeys(queues, 1)}}
    else:
        info["queues"] = queues
    return {"info": json.dumps(info), "beat": str(age), "quiet": quiet}


def sidekiq(processes: Mapping[str, Mapping[str, str] | None], **more: Any) -> dict[str, Finding]:
    data = {
        "processes": list(processes),
        # Their beats are ages until here: a run of all tests takes longer than a beat is good for.
        **{key: {**each, "beat": str(time.time() - float(each["beat"]))} for key, each in processes.items() if each},
        **{key.replace("queue_", "queue:"): value for key, value in more.items()},
    }
    return findings(_probe_sidekiq.sidekiq, data, queues=QUEUES, slow={"default": 5, "push": 10, "pull": 300})


@pytest.mark.parametrize("capsules", [False, True])
def test_healthy_workers(capsules: bool) -> None:
    found = sidekiq(
        {"a:1:x": worker([*QUEUES[:5], "fasp"], capsules=capsules), "a:2:y": worker(["scheduler"], capsules=capsules)}
    )
    assert {name: each.status for name, each in found.items()} == dict.fromkeys(
        ["Sidekiq processes", "Sidekiq queues", "Sidekiq scheduler", "Sidekiq latency", "Sidekiq retries"], "ok"
    )
    assert found["Sidekiq processes"].detail == "2 alive with 10 threads, version 8.1.6"
    assert found["Sidekiq latency"].detail == "at most 0 s, 0 jobs wait"


# Workers are described, not made: their heartbeat counts from the moment in which the test looks at them.
@pytest.mark.parametrize(
    ("workers", "name", "status", "said"),
    [
        ({}, "Sidekiq processes", "fail", "no process is alive"),
        # A crashed process stays in the set until somebody prunes it, while its own key has expired.
        ({"a:1:x": None}, "Sidekiq processes", "fail", "no process is alive"),
        ({"a:1:x": {"queues": QUEUES, "age": 300}}, "Sidekiq processes", "fail", "no process is alive"),
        ({"a:1:x": {"queues": QUEUES, "quiet": "true"}}, "Sidekiq processes", "warn", "1 quiet"),
        ({"a:1:x": {"queues": QUEUES, "quiet": "true"}}, "Sidekiq queues", "fail", "nobody works on default, push"),
        ({"a:1:x": {"queues": QUEUES[:-1]}}, "Sidekiq queues", "fail", "nobody works on fasp"),
        (
            {"a:1:x": {"queues": QUEUES}, "a:2:y": {"queues": QUEUES}},
            "Sidekiq scheduler",
            "fail",
            "2 processes",
        ),
        ({"a:1:x": {"queues": [*QUEUES[:5], "fasp"]}}, "Sidekiq scheduler", "fail", "none"),
    ],
)
def test_workers_in_trouble(workers: dict[str, Any], name: str, status: str, said: str) -> None:
    found = sidekiq({identity: None if about is None else worker(**about) for identity, about in workers.items()})[name]
    assert (found.status, said in found.detail) == (status, True)
    assert found.cure


@pytest.mark.parametrize("unit", ["milliseconds", "seconds"])
@pytest.mark.parametrize(
    ("queue", "age", "status"),
    [
        ("default", 2, "ok"),
        ("default", 60, "warn"),
        ("pull", 60, "ok"),
        ("pull", 2000, "fail"),
        ("theirs", 60, "ok"),
        ("theirs", 2000, "fail"),
    ],
)
def test_jobs_that_wait(unit: str, queue: str, age: float, status: str) -> None:
    since = time.time() - age
    job = json.dumps({"enqueued_at": int(since * 1000) if unit == "milliseconds" else since})
    young = json.dumps({"enqueued_at": time.time()})
    found = sidekiq({"a:1:x": worker(QUEUES)}, queues=[queue], **{f"queue_{queue}": [young, job]})["Sidekiq latency"]
    assert found.status == status
    assert "2 jobs" in found.detail


def test_many_failures() -> None:
    assert sidekiq({"a:1:x": worker(QUEUES)}, retry=["x"] * 6000)["Sidekiq retries"].status == "warn"


@pytest.mark.parametrize("info", ["{", "[]", '{"queues": 5}', '{"capsules": {"a": 1}}'])
def test_a_process_that_speaks_otherwise(info: str) -> None:
    with pytest.raises(ProbeError, match="cannot read what process a says"):
        _probe_sidekiq.process("a", info, "1", "false")


@pytest.mark.parametrize("job", ["{", "{}", "[]"])
def test_a_job_that_cannot_be_read(job: str) -> None:
    with pytest.raises(ProbeError, match="cannot read a queued job"):
        _probe_sidekiq.latency(job, 0)
