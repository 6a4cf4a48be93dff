# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes side by side: each leaves a row, none hangs the rest, and nonsense is refused before anything is asked."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _probe_run
from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding, Row, ok
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, ProbeError, explain


def fine(_context: Context, *, word: str = "fine") -> Iterator[Finding]:
    yield ok(word)


def several(_context: Context) -> Iterator[Finding]:
    yield ok("one", "First")
    yield ok("two")
    raise ProbeError("then it broke", "mend it")


def hanging(_context: Context, *, until: threading.Event) -> Iterator[Finding]:
    yield ok("before")
    until.wait()


def silent(_context: Context) -> Iterator[Finding]:
    yield from ()


def wanting(_context: Context, *, host: str) -> Iterator[Finding]:
    yield ok(host)


KNOWN: dict[str, Any] = {"fine": fine, "several": several, "hanging": hanging, "silent": silent, "wanting": wanting}


def entry(probe: str, **options: Any) -> dict[str, Any]:
    return {"area": "test", "name": f"Test {probe}", "probe": probe, **options}


def run(*entries: dict[str, Any], limit: float = 5) -> list[Row]:
    return _probe_run.run(entries, Context(timeout=1), "fedi", limit, KNOWN)


def test_rows_come_in_the_order_of_the_list() -> None:
    rows = run(entry("several"), entry("fine", word="good"))
    assert [(row.name, row.status, row.detail, row.cure) for row in rows] == [
        ("First", "ok", "one", ""),
        ("Test several", "ok", "two", ""),
        ("Test several", "fail", "then it broke", "mend it"),
        ("Test fine", "ok", "good", ""),
    ]
    assert {(row.host, row.area) for row in rows} == {("fedi", "test")}


def test_a_probe_that_hangs_is_red_and_holds_nobody_up() -> None:
    release = threading.Event()
    # It comes back at all: nobody has released them.
    rows = run(entry("hanging", until=release), entry("hanging", until=release), entry("fine"), limit=2)
    release.set()
    assert [row.detail for row in rows] == ["before", "no result within 2 s"] * 2 + ["fine"]
    assert rows[1].status == "fail"


def test_a_probe_that_says_nothing_is_red() -> None:
    assert [(row.status, row.detail) for row in run(entry("silent"))] == [("fail", "the probe said nothing")]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"probe": "fine"}, "probe 1 (without a name) lacks area, name"),
        (entry("unknown"), "there is no probe 'unknown'"),
        (entry("fine", words="x"), "it has no option words"),
        (entry("wanting"), "its option host is missing"),
    ],
)
def test_nonsense_is_refused(wrong: dict[str, Any], said: str) -> None:
    (fault,) = _probe_run.wrong([wrong], KNOWN)
    assert said in fault


def test_sense_is_not_refused() -> None:
    assert _probe_run.wrong([entry("fine"), entry("fine", word="x"), entry("wanting", host="a")], KNOWN) == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "connection refused: nothing listens there"),
        (socket.timeout("timed out"), "no answer within 7 s"),
        (TimeoutError(), "no answer within 7 s"),
        (ConnectionResetError(104, "reset"), "the connection was cut before an answer came"),
        (http.client.RemoteDisconnected("x"), "the connection was cut before an answer came"),
        (http.client.BadStatusLine("220 smtp"), "the answer is not HTTP: '220 smtp'"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER]"), "TLS failed: [SSL: WRONG_VERSION_NUMBER]"),
        (FileNotFoundError(2, "No such file"), "a file is missing: No such file"),
        (PermissionError(13, "Permission denied"), "this may not be read: Permission denied"),
        (OSError(113, "No route to host"), "the network or the system said: No route to host"),
    ],
)
def test_every_common_trouble_has_a_sentence_and_a_cure(error: Exception, said: str) -> None:
    detail, cure = explain(error, 7.0)
    assert detail == said
    assert cure


def test_an_uncommon_trouble_keeps_its_name() -> None:
    assert explain(KeyError("beat"), 7.0) == ("KeyError: 'beat'", "")


def test_every_probe_takes_its_options_by_name_and_is_documented() -> None:
    for name, probe in _probe_run.PROBES.items():
        assert probe.__doc__, name
        assert _probe_run.wrong([entry(name, nonsense=1)])[0].endswith("it has no option nonsense"), name
