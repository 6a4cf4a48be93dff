# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking UDP ports in their own languages. PRIVATE to the collection: no other code may rely on it.

UDP has no greeting: an open port is silent unless it understands the question, and so is one that a firewall drops.
Only an answer says open, and only ICMP's "port unreachable" says closed.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
import time
from collections.abc import Iterable

from ansible_collections.fediops.mastodon.plugins.module_utils._knock import BESIDE, NO_WAY, Door, batches
from ansible_collections.fediops.mastodon.plugins.module_utils._port_names import UDP

ANSWERED = "answered"
CLOSED = "closed"
SILENT = "silent"
NO_ROUTE = "no route"


def _dns(number: int, *labels: bytes, kind: int) -> bytes:
    name = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return struct.pack(">6H", number, 0x0100, 1, 0, 0, 0) + name + struct.pack(">2H", kind, 1)


def quic() -> bytes:
    """Return the beginning of a QUIC connection in a version that nobody speaks: every server answers with its own.

    Servers ignore such a packet when it is shorter than 1200 bytes.
    """
    names = b"\x08" + os.urandom(8) + b"\x08" + os.urandom(8)
    return (b"\xc0\x1a\x2a\x3a\x4a" + names).ljust(1200, b"\0")


# A harmless question for each service that answers strangers. The rest gets an empty line, which echoes return.
QUESTIONS = {
    53: _dns(1, kind=2),
    111: struct.pack(">10I", 1, 0, 2, 100000, 2, 0, 0, 0, 0, 0),
    123: b"\x23" + bytes(47),
    137: _dns(1, b"CK" + 30 * b"A", kind=0x21),
    161: bytes.fromhex(
        "302602010004067075626c6963a019020101020100020100300e300c06082b060102010101000500",
    ),
    1900: b'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n',
    3478: bytes.fromhex("000100002112a442") + bytes(12),
    5353: _dns(0, b"_services", b"_dns-sd", b"_udp", b"local", kind=12),
    11211: b"\x00\x01\x00\x00\x00\x01\x00\x00version\r\n",
}
KNOWN = tuple(sorted(UDP))
# These answer whoever asks in their language, so that their silence says something. VPNs keep silent to strangers.
TALKATIVE = (*QUESTIONS, 443)


def question(port: int) -> bytes:
    """Return what to send to a port."""
    return quic() if port == 443 else QUESTIONS.get(port, b"\r\n")


def ask(doors: Iterable[Door], patience: float) -> dict[Door, str]:
    """Ask every door, twice if it is silent, and return what each did."""
    return {door: did for batch in batches(iter(doors), BESIDE) for door, did in _ask(batch, patience).items()}


def _ask(doors: Iterable[Door], patience: float) -> dict[Door, str]:
    replies: dict[Door, str] = {}
    waiting: dict[int, tuple[socket.socket, Door]] = {}
    try:
        for door in doors:
            try:
                asking = socket.socket(door.family, socket.SOCK_DGRAM)
                waiting[asking.fileno()] = (asking, door)
                asking.setblocking(False)
                asking.connect((door.address, door.port))
            except OSError as error:
                if error.errno not in NO_WAY:
                    raise
                replies[door] = NO_ROUTE
        for _attempt in range(2):
            silent = {number: pair for number, pair in waiting.items() if pair[1] not in replies}
            replies.update(_send(silent))
            replies.update(_listen(silent, replies, patience / 2))
        return {door: replies.get(door, SILENT) for _asking, door in waiting.values()} | replies
    finally:
        for asking, _door in waiting.values():
            asking.close()


def _send(waiting: dict[int, tuple[socket.socket, Door]]) -> dict[Door, str]:
    replies: dict[Door, str] = {}
    for asking, door in waiting.values():
        try:
            asking.send(question(door.port))
        except OSError as error:  # an ICMP message that came before is told here
            replies[door] = _meaning(error)
    return replies


def _listen(waiting: dict[int, tuple[socket.socket, Door]], known: dict[Door, str], patience: float) -> dict[Door, str]:
    replies: dict[Door, str] = {}
    ready = select.poll()
    left = {number: pair for number, pair in waiting.items() if pair[1] not in known}
    for number in left:
        ready.register(number, select.POLLIN)
    end = time.monotonic() + patience
    while left and time.monotonic() < end:
        for number, _event in ready.poll(1000 * max(0.0, end - time.monotonic())):
            asking, door = left.pop(number)
            ready.unregister(number)
            try:
                asking.recv(2048)
                replies[door] = ANSWERED
            except OSError as error:
                replies[door] = _meaning(error)
    return replies


def _meaning(error: OSError) -> str:
    if error.errno in NO_WAY:
        return NO_ROUTE
    return CLOSED if error.errno == errno.ECONNREFUSED else SILENT
