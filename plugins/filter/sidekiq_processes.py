# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Sidekiq processes of one of several hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: sidekiq_processes
short_description: Sidekiq processes that a host runs
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Returns what is left of a list of Sidekiq processes on a host that may not run Sidekiq, or not the scheduler.
  - So one list does for all hosts of an instance, although only one of them may run the scheduler.
positional: _input
options:
  _input:
    description: The processes, each with C(name), C(concurrency) and C(queues).
    type: list
    elements: dict
    required: true
  services:
    description: The services of the host. Without V(sidekiq) among them no process is left.
    type: list
    elements: str
    required: true
  runs_scheduler:
    description:
      - Whether the host runs the scheduler.
      - If not, the queue C(scheduler) is left out, and a process that served no other with it.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Show what is left on a host without the scheduler
  ansible.builtin.debug:
    msg: "{{ processes | fediops.mastodon.sidekiq_processes(services=['sidekiq'], runs_scheduler=false) }}"
  vars:
    processes:
      - {name: main, concurrency: 10, queues: ["default,8", push]}
      - {name: cron, concurrency: 1, queues: [scheduler]}
"""

RETURN = r"""
_value:
  description: The processes of the host.
  type: list
  elements: dict
  sample: [{name: main, concurrency: 10, queues: ["default,8", push]}]
"""

from typing import Any, Callable

from ansible_collections.fediops.mastodon.plugins.module_utils import _mastodon_layout


def sidekiq_processes(processes: Any, services: list[str], runs_scheduler: bool = True) -> list[dict[str, Any]]:
    """Return the processes of the host."""
    return _mastodon_layout.sidekiq_processes(processes, services, runs_scheduler)


class FilterModule:
    """Register the filter."""

    def filters(self) -> dict[str, Callable[..., list[dict[str, Any]]]]:
        """Return the filters of this file."""
        return {"sidekiq_processes": sidekiq_processes}
