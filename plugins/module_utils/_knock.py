# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Knocking at many TCP ports at once. PRIVATE to the collection: no other code may rely on it.

A port that is filtered never answers, so what is asked must be asked side by side: a few thousand sockets at a time,
as many as the system lets a process have.
"""

from __future__ import annotations

import errno
import os
import resource
import select
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, Optional

# Nothing of these says that a port is closed: the packet never left this machine.
NO_WAY = (errno.ENETUNREACH, errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
TOGETHER = 8000
# Linux makes sockets so at once; on a Mac it takes a second call.
NOT_BLOCKING = getattr(socket, "SOCK_NONBLOCK", 0)
# What questions over UDP, which are asked meanwhile, may hold; and files that the rest of the process needs.
BESIDE = 400
SPARE = 200


class Door(NamedTuple):
    """One port at one address."""

    address: str
    family: int
    port: int


# 0 is open, an errno is a refusal, None is silence.
Reply = Optional[int]


def words(reply: Reply) -> str:
    """Return what a reply means."""
    if reply is None:
        return "no answer"
    return "open" if reply == 0 else os.strerror(reply).lower()


class Knocks:
    """Doors that were knocked at together, and that may reply until the clock says so."""

    def __init__(self, doors: Iterable[Door], patience: float) -> None:
        self.replies: dict[Door, Reply] = {}
        self._waiting: dict[int, tuple[socket.socket, Door]] = {}
        self._ready = select.poll()
        self._started = time.monotonic()
        try:
            for door in doors:
                knocking, code = _begin(door)
                if knocking is None:
                    self.replies[door] = code
                else:
                    self._waiting[knocking.fileno()] = (knocking, door)
                    self._ready.register(knocking, select.POLLOUT)
        except BaseException:
            self.close()
            raise
        self._end = time.monotonic() + patience

    def listen(self) -> float:
        """Note all replies. Return how many seconds after the first knock the last of them came."""
        last = self._started
        try:
            # What has replied already counts, even if it is late: this program may have been busy elsewhere.
            while self._waiting and (events := self._ready.poll(1000 * max(0.0, self._end - time.monotonic()))):
                last = time.monotonic()
                for number, _event in events:
                    knocking, door = self._waiting.pop(number)
                    self._ready.unregister(number)
                    self.replies[door] = knocking.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    knocking.close()
            self.replies.update({door: None for _knocking, door in self._waiting.values()})
        finally:
            self.close()
        return last - self._started

    def close(self) -> None:
        """Leave every door that has not replied."""
        for knocking, _door in self._waiting.values():
            knocking.close()
        self._waiting.clear()


def knock(doors: Iterable[Door], patience: float) -> tuple[dict[Door, Reply], float]:
    """Try all doors. Return how each replied within `patience` seconds, and how long the last reply took at most."""
    replies: dict[Door, Reply] = {}
    slowest = 0.0
    # At once, unless many hosts have more doors than a process may have sockets.
    for batch in batches(iter(doors), room()):
        knocks = Knocks(batch, patience)
        slowest = max(slowest, knocks.listen())
        replies.update(knocks.replies)
    return replies, slowest


def _begin(door: Door) -> tuple[socket.socket | None, int]:
    try:
        knocking = socket.socket(door.family, socket.SOCK_STREAM | NOT_BLOCKING)
    except OSError as error:
        if error.errno not in NO_WAY:
            raise
        return None, int(error.errno)
    if not NOT_BLOCKING:
        knocking.setblocking(False)
    code = knocking.connect_ex((door.address, door.port))
    if code == errno.EINPROGRESS:
        return knocking, code
    knocking.close()
    return None, code


@dataclass
class Sweep:
    """What a look at very many doors found, and how many of them it had the time for."""

    opened: list[Door] = field(default_factory=list)
    # The port that it came to; nothing if it came to the last one.
    stopped: int = 0


def sweep(doors: Sequence[Door], patience: float, until: float) -> Sweep:
    """Try every door, the first ones first, until the clock says `until`."""
    found = Sweep()
    waiting: list[Knocks] = []
    try:
        # While one half waits for replies the other one knocks.
        for batch in batches(iter(doors), room() // 2):
            if time.monotonic() >= until:
                found.stopped = batch[0].port
                break
            waiting.append(Knocks(batch, patience))
            if len(waiting) == 2:
                found.opened += _opened(waiting.pop(0))
        while waiting:
            found.opened += _opened(waiting.pop(0))
    finally:
        for knocks in waiting:
            knocks.close()
    return found


def _opened(knocks: Knocks) -> list[Door]:
    knocks.listen()
    return [door for door, reply in knocks.replies.items() if reply == 0]


def batches(doors: Iterator[Door], size: int) -> Iterator[list[Door]]:
    """Yield as many doors at a time as there may be sockets."""
    while batch := list(islice(doors, size)):
        yield batch


def room() -> int:
    """Return how many sockets this process may hold, after asking for as many as are of use."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = TOGETHER + BESIDE + SPARE
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(50, allowed - BESIDE - SPARE)
