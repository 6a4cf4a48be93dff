# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Redis protocol, as much as reading a few counters takes. PRIVATE to the collection: no other code may rely on it.

Hosts have no Redis library for Python, and redis-cli would need the password in its arguments or its environment.
"""

from __future__ import annotations

import socket
from typing import Union

from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import ProbeError

# What a reply may hold. Recursive types have no name that Python 3.9 can check, hence the bare list.
Value = Union[None, int, str, list]  # type: ignore[type-arg]  # recursive

END = b"\r\n"
DEEPEST = 8
LARGEST = 16_000_000


class ProtocolError(Exception):
    """The peer does not speak the Redis protocol."""


class Refusal(str):
    """An error that the server replied; a value, because one inside of a list is no reason to stop reading."""


def encode(*words: str) -> bytes:
    """Return a command as the server reads it; lengths are of bytes, so any text is safe."""
    parts = [word.encode("utf-8", "surrogateescape") for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def decode(data: bytes, start: int = 0, depth: int = 0) -> tuple[Value, int] | None:
    """Return the reply that begins at `start` and where it ends; None when it has not all arrived."""
    if depth > DEEPEST:
        raise ProtocolError("lists within lists without end")
    end = data.find(END, start)
    if end < 0:
        return None
    kind, line, after = data[start : start + 1], data[start + 1 : end], end + len(END)
    if kind == b"+":
        return _text(line), after
    if kind == b"-":
        return Refusal(_text(line)), after
    if kind == b":":
        return _number(line), after
    if kind == b"$":
        return _bulk(data, after, _number(line))
    if kind == b"*":
        return _list(data, after, _number(line), depth)
    raise ProtocolError(f"a reply begins with {kind!r}")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _number(line: bytes) -> int:
    digits = line[1:] if line.startswith(b"-") else line
    if not digits.isdigit():
        raise ProtocolError(f"{line[:20]!r} is not a number")
    return int(line)


def _bulk(data: bytes, start: int, length: int) -> tuple[Value, int] | None:
    if length == -1:
        return None, start
    if not 0 <= length <= LARGEST:
        raise ProtocolError(f"a text of {length} bytes")
    end = start + length
    if len(data) < end + len(END):
        return None
    if data[end : end + len(END)] != END:
        raise ProtocolError("a text is longer than it says")
    return _text(data[start:end]), end + len(END)


def _list(data: bytes, start: int, length: int, depth: int) -> tuple[Value, int] | None:
    if length == -1:
        return None, start
    if not 0 <= length <= LARGEST:
        raise ProtocolError(f"a list of {length} members")
    members: list[Value] = []
    for _member in range(length):
        found = decode(data, start, depth + 1)
        if found is None:
            return None
        value, start = found
        members.append(value)
    return members, start


class Client:
    """One connection; the time limit is the socket's."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._read = b""

    def call(self, *words: str) -> Value:
        """Send one command and return its reply; a refusal is a problem to report."""
        self._connection.sendall(encode(*words))
        while True:
            found = decode(self._read)
            if found is not None:
                value, end = found
                self._read = self._read[end:]
                break
            more = self._connection.recv(65536)
            if not more:
                raise EOFError
            if len(self._read) + len(more) > LARGEST:
                raise ProtocolError("a reply without end")
            self._read += more
        if isinstance(value, Refusal):
            raise ProbeError(f"refused {words[0]}: {value}", "Compare user and rules with redis_users")
        return value

    def text(self, *words: str) -> str:
        """Return a reply as text; nothing is the empty text."""
        value = self.call(*words)
        return "" if value is None else str(value)

    def number(self, *words: str) -> int:
        """Return a reply as a number."""
        value = self.call(*words)
        if not isinstance(value, int):
            raise ProtocolError(f"{words[0]} is not answered with a number")
        return value

    def members(self, *words: str) -> list[str | None]:
        """Return a reply as a list of texts."""
        value = self.call(*words)
        if not isinstance(value, list):
            raise ProtocolError(f"{words[0]} is not answered with a list")
        return [None if member is None else str(member) for member in value]
