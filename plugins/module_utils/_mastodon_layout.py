# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of Mastodon a host runs, when several hosts share the work. PRIVATE to the collection.

Values are as people wrote them: any may be absent or of a wrong type, which other rules refuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SERVICES = ("web", "streaming", "sidekiq")
SCHEDULER = "scheduler"
QUEUES = ("default", "push", "ingress", "mailers", "pull", SCHEDULER, "fasp")
STREAMING_POOL = 10  # connections that each streaming process may open


def services(variables: Mapping[str, Any]) -> list[str]:
    """Return the services of a host, all of them when nothing is said."""
    value = variables.get("mastodon_services", list(SERVICES))
    return [name for name in value if isinstance(name, str)] if isinstance(value, (list, tuple)) else []


def queue_name(queue: Any) -> str:
    """Return a queue without its weight."""
    return str(queue).partition(",")[0]


def queue_names(process: Mapping[str, Any]) -> list[str]:
    """Return the queues of a process without their weights."""
    queues = process.get("queues")
    return [queue_name(queue) for queue in queues] if isinstance(queues, (list, tuple)) else []


def sidekiq_processes(processes: Any, of_host: list[str], runs_scheduler: bool) -> list[dict[str, Any]]:
    """Return the Sidekiq processes that a host runs.

    One list does for all hosts: where the scheduler is not to run, its queue is left out, and a process that served
    nothing else with it.
    """
    if "sidekiq" not in of_host or not isinstance(processes, (list, tuple)):
        return []
    found = [dict(process) for process in processes if isinstance(process, Mapping)]
    if runs_scheduler:
        return found
    for process in found:
        queues = process.get("queues")
        if isinstance(queues, (list, tuple)):
            process["queues"] = [queue for queue in queues if queue_name(queue) != SCHEDULER]
    return [process for process in found if process.get("queues")]


def processes_of(variables: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the Sidekiq processes of the host that has these variables."""
    return sidekiq_processes(
        variables.get("mastodon_sidekiq_processes"),
        services(variables),
        variables.get("mastodon_runs_scheduler", True) is not False,
    )
