# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who runs what, when several hosts share one list of Sidekiq processes."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.filter.sidekiq_processes import FilterModule
from ansible_collections.fediops.mastodon.plugins.module_utils import _mastodon_layout
from hypothesis import given
from hypothesis import strategies as st

QUEUES = st.lists(
    st.sampled_from(_mastodon_layout.QUEUES).flatmap(lambda name: st.sampled_from([name, f"{name},3"])), max_size=8
)
PROCESSES = st.lists(
    st.fixed_dictionaries({"name": st.text("abc", min_size=1), "concurrency": st.integers(1, 25), "queues": QUEUES})
)
ALL = list(_mastodon_layout.SERVICES)


def queues(processes: list[dict[str, Any]]) -> list[str]:
    return [queue for process in processes for queue in _mastodon_layout.queue_names(process)]


@given(processes=PROCESSES)
def test_the_host_of_the_scheduler_runs_the_list_as_it_stands(processes: list[dict[str, Any]]) -> None:
    assert _mastodon_layout.sidekiq_processes(processes, ALL, True) == processes


@given(processes=PROCESSES)
def test_the_others_serve_all_but_the_scheduler(processes: list[dict[str, Any]]) -> None:
    before = [dict(process) for process in processes]
    others = _mastodon_layout.sidekiq_processes(processes, ALL, False)
    assert queues(others) == [queue for queue in queues(processes) if queue != "scheduler"]
    assert all(process["queues"] for process in others)
    assert processes == before
    assert _mastodon_layout.sidekiq_processes(others, ALL, False) == others


@given(processes=PROCESSES, runs_scheduler=st.booleans())
def test_without_the_service_there_is_no_process(processes: list[dict[str, Any]], runs_scheduler: bool) -> None:
    assert _mastodon_layout.sidekiq_processes(processes, ["web", "streaming"], runs_scheduler) == []


@pytest.mark.parametrize("value", [None, "web", 3, {"web": True}])
def test_services_that_are_no_list_are_none(value: Any) -> None:
    assert _mastodon_layout.services({"mastodon_services": value}) == []


def test_nothing_said_is_everything() -> None:
    assert _mastodon_layout.services({}) == ALL


@pytest.mark.parametrize("value", [None, "all", [None, "all"], [{"name": "x"}], [{"queues": "scheduler"}]])
def test_what_other_rules_refuse_stops_nothing(value: Any) -> None:
    for runs_scheduler in (True, False):
        found = _mastodon_layout.processes_of(
            {"mastodon_sidekiq_processes": value, "mastodon_runs_scheduler": runs_scheduler}
        )
        assert queues(found) == []


def test_the_filter_is_the_function() -> None:
    sidekiq_processes = FilterModule().filters()["sidekiq_processes"]
    cron = {"name": "cron", "concurrency": 1, "queues": ["scheduler"]}
    assert sidekiq_processes([cron], ["sidekiq"]) == [cron]
    assert sidekiq_processes([cron], services=["sidekiq"], runs_scheduler=False) == []
