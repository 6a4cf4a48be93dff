# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes of Sidekiq, read from Redis as its own dashboard reads them. PRIVATE to the collection."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding, fail, ok, warn
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, ProbeError
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_redis import client

# A process writes its heartbeat every ten seconds at most; Redis forgets it after sixty.
SILENT_AFTER = 60.0
# Sidekiq 8 counts time in milliseconds, 7 in seconds: no clock shows so many seconds for thousands of years.
MILLISECONDS_FROM = 1e11


@dataclass(frozen=True)
class Process:
    """One Sidekiq process by its own account."""

    identity: str
    version: str
    concurrency: int
    queues: frozenset[str]
    beat: float
    quiet: bool


@dataclass(frozen=True)
class Queue:
    """One queue: how many jobs wait, and since when the oldest does."""

    name: str
    size: int
    latency: float


def process(identity: str, info: str | None, beat: str | None, quiet: str | None) -> Process | None:
    """Return what a process says of itself; None for one that Redis has forgotten already."""
    if not info:
        return None
    try:
        data = json.loads(info)
        queues = set(data.get("queues") or [])
        # Since 8.1 each capsule carries its own queues, and the flat list is on its way out.
        for capsule in (data.get("capsules") or {}).values():
            queues |= set(capsule.get("weights") or {})
        return Process(
            identity,
            str(data.get("version", "?")),
            int(data.get("concurrency", 0)),
            frozenset(queues),
            float(beat or 0),
            quiet == "true",
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise ProbeError(
            f"cannot read what process {identity} says of itself: {error}",
            "Sidekiq's data has changed: please report its version",
        ) from error


def latency(job: str | None, now: float) -> float:
    """Return for how many seconds the oldest job has waited."""
    if not job:
        return 0.0
    try:
        data = json.loads(job)
        since = float(data.get("enqueued_at") or data.get("created_at"))
    except (ValueError, TypeError, AttributeError) as error:
        raise ProbeError(
            f"cannot read a queued job: {error}", "Sidekiq's data has changed: please report its version"
        ) from error
    return max(0.0, now - (since / 1000 if since > MILLISECONDS_FROM else since))


def judge_processes(found: Iterable[Process], queues: Sequence[str], now: float) -> Iterator[Finding]:
    """Judge who works: somebody alive, on every queue, and one scheduler, as two run daily jobs twice."""
    living = [each for each in found if now - each.beat < SILENT_AFTER]
    working = [each for each in living if not each.quiet]
    cure = "See the containers: docker compose ps, docker compose logs sidekiq"
    name = "Sidekiq processes"
    if not living:
        yield fail("no process is alive", cure, name)
        return
    threads = sum(each.concurrency for each in living)
    detail = f"{len(living)} alive with {threads} threads, version " + ", ".join(
        sorted({each.version for each in living})
    )
    if len(working) < len(living):
        yield warn(f"{detail}; {len(living) - len(working)} quiet: they take no new jobs", cure, name)
    else:
        yield ok(detail, name)
    served = frozenset[str]().union(*(each.queues for each in working))
    unserved = [queue for queue in queues if queue not in served]
    if unserved:
        yield fail(
            f"nobody works on {', '.join(unserved)}", "Name every queue in mastodon_sidekiq_processes", "Sidekiq queues"
        )
    else:
        yield ok(f"all {len(queues)} served", "Sidekiq queues")
    schedulers = [each.identity for each in working if "scheduler" in each.queues]
    if len(schedulers) == 1:
        yield ok("exactly one", "Sidekiq scheduler")
    elif schedulers:
        yield fail(
            f"{len(schedulers)} processes: daily jobs run as often",
            "Give the queue scheduler to one process",
            "Sidekiq scheduler",
        )
    else:
        yield fail(
            "none: nothing is cleaned up or refreshed", "Give the queue scheduler to one process", "Sidekiq scheduler"
        )


def judge_queues(queues: Iterable[Queue], slow: Mapping[str, float], stuck: float) -> Finding:
    """Judge how long jobs wait: above `slow` Mastodon itself holds work back, above `stuck` nobody is served."""
    name, cure = "Sidekiq latency", "Add threads or processes: mastodon_sidekiq_processes"
    found = list(queues)
    waiting = sum(each.size for each in found)
    bad = [each for each in found if each.latency > stuck]
    late = [each for each in found if each.latency > float(slow.get(each.name, stuck))]
    if bad or late:
        worst = sorted(bad or late, key=lambda each: -each.latency)
        detail = ", ".join(f"{each.name} {each.latency:.0f} s ({each.size} jobs)" for each in worst)
        return fail(f"jobs wait: {detail}", cure, name) if bad else warn(f"jobs wait: {detail}", cure, name)
    return ok(f"at most {max((each.latency for each in found), default=0.0):.0f} s, {waiting} jobs wait", name)


def judge_sets(retry: int, dead: int, many_retries: int) -> Finding:
    """Judge failed jobs: some always fail, as some servers are always down."""
    detail = f"{retry} to be retried, {dead} given up"
    if retry > many_retries:
        return warn(detail, "See /sidekiq/retries: which job fails, and against whom?", "Sidekiq retries")
    return ok(detail, "Sidekiq retries")


def sidekiq(
    context: Context,
    *,
    host: str,
    queues: Sequence[str],
    slow: Mapping[str, float],
    port: int = 6379,
    user: str = "",
    secret: str = "",
    stuck: float = 900.0,
    many_retries: int = 5000,
) -> Iterator[Finding]:
    """Read processes, queues and failures."""
    with client(context, host, port, user, context.secret(secret)) as talk:
        heard = (
            process(identity, *talk.members("HMGET", identity, "info", "beat", "quiet"))
            for identity in talk.members("SMEMBERS", "processes")
            if identity
        )
        found = [each for each in heard if each]
        now = time.time()
        names = sorted({*queues, *(name for name in talk.members("SMEMBERS", "queues") if name)})
        lists = [
            Queue(name, talk.number("LLEN", f"queue:{name}"), latency(talk.text("LINDEX", f"queue:{name}", "-1"), now))
            for name in names
        ]
        retry, dead = talk.number("ZCARD", "retry"), talk.number("ZCARD", "dead")
    yield from judge_processes(found, queues, now)
    yield judge_queues(lists, slow, float(stuck))
    yield judge_sets(retry, dead, int(many_retries))
