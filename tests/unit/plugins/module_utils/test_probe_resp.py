# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Redis protocol, by its properties: whatever arrives, in whatever pieces."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _probe_resp as resp
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import ProbeError
from hypothesis import given
from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=("Cs",)))
VALUES = st.recursive(
    st.none() | st.integers(-(2**63), 2**63 - 1) | TEXTS, lambda inner: st.lists(inner, max_size=4), max_leaves=12
)


def server_side(value: Any) -> bytes:
    """What a server would send."""
    if value is None:
        return b"$-1\r\n"
    if isinstance(value, int):
        return b":%d\r\n" % value
    if isinstance(value, str):
        return b"$%d\r\n%s\r\n" % (len(value.encode()), value.encode())
    return b"*%d\r\n" % len(value) + b"".join(server_side(member) for member in value)


def depth(value: Any) -> int:
    return 1 + max((depth(member) for member in value), default=0) if isinstance(value, list) else 0


@given(VALUES.filter(lambda value: depth(value) <= resp.DEEPEST), st.binary(max_size=5))
def test_a_whole_reply_is_read_and_what_follows_is_left(value: Any, after: bytes) -> None:
    data = server_side(value)
    assert resp.decode(data + after) == (value, len(data))


@given(VALUES.filter(lambda value: depth(value) <= resp.DEEPEST), st.data())
def test_a_part_of_a_reply_is_never_taken_for_the_whole(value: Any, data: st.DataObject) -> None:
    whole = server_side(value)
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert resp.decode(whole[:cut]) is None


@given(st.lists(TEXTS, min_size=1))
def test_a_command_reads_back_as_the_list_that_it_is(words: list[str]) -> None:
    encoded = resp.encode(*words)
    assert resp.decode(encoded) == (words, len(encoded))


@given(st.binary())
def test_garbage_is_refused_or_waited_for_but_never_raises_anything_else(data: bytes) -> None:
    try:
        found = resp.decode(data)
    except resp.ProtocolError:
        return
    assert found is None or found[1] <= len(data)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b":12x\r\n",
        b"$-2\r\n",
        b"$3\r\nabcdef\r\n",
        b"$99999999999\r\n",
        b"*-7\r\n",
        b"*1\r\n" * 20 + b":1\r\n",
        b":\r\n",
    ],
)
def test_what_is_not_redis_is_refused(data: bytes) -> None:
    with pytest.raises(resp.ProtocolError):
        resp.decode(data)


def test_an_error_is_told_apart_from_a_text() -> None:
    assert isinstance((resp.decode(b"-ERR no\r\n") or ("", 0))[0], resp.Refusal)
    assert not isinstance((resp.decode(b"+ERR no\r\n") or ("", 0))[0], resp.Refusal)
    assert resp.decode(b"*-1\r\n") == (None, 5)


def test_replies_in_small_pieces_and_several_in_one() -> None:
    here, there = socket.socketpair()
    with here, there:
        client = resp.Client(here)
        there.sendall(b"$5\r\nhel")
        there.sendall(b"lo\r\n:3\r\n*2\r\n$1\r\na\r\n$-1\r\n")
        assert client.text("GET", "x") == "hello"
        assert client.number("LLEN", "x") == 3
        assert client.members("HMGET", "x", "a", "b") == ["a", None]
        assert there.recv(100).startswith(b"*2\r\n$3\r\nGET\r\n")
        there.sendall(b"-NOPERM no rights\r\n")
        with pytest.raises(ProbeError, match="refused INFO: NOPERM"):
            client.call("INFO")
        there.sendall(b"+OK\r\n+OK\r\n")
        with pytest.raises(resp.ProtocolError, match="not answered with a number"):
            client.number("LLEN", "x")
        with pytest.raises(resp.ProtocolError, match="not answered with a list"):
            client.members("SMEMBERS", "x")
        there.shutdown(socket.SHUT_WR)
        with pytest.raises(EOFError):
            client.call("PING")
