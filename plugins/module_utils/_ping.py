# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Echo requests, without the program that a small host does not have. PRIVATE to the collection. Needs root."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import select
import socket
import struct
import time
from collections.abc import Iterable

# By family: protocol, and the types of a request and of its answer.
KINDS = {
    socket.AF_INET: (socket.IPPROTO_ICMP, 8, 0),
    socket.AF_INET6: (socket.IPPROTO_ICMPV6, 128, 129),
}
ATTEMPTS = 3


def checksum(data: bytes) -> int:
    """Return the internet checksum of RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def request(kind: int, token: bytes) -> bytes:
    """Return an echo request. The token tells its answer from that of other programs' requests."""
    head = struct.pack(">BBHHH", kind, 0, 0, 0, 1)
    return struct.pack(">BBHHH", kind, 0, checksum(head + token), 0, 1) + token


def ping(addresses: Iterable[str], patience: float) -> dict[str, float | None]:
    """Ask all addresses at once, several times if need be. Return how many seconds each took, None for silence."""
    replies: dict[str, float | None] = dict.fromkeys(addresses)
    token = os.urandom(16)
    with contextlib.ExitStack() as opened:
        sockets = {}
        for family, (protocol, _request, _answer) in KINDS.items():
            if any(_family(address) == family for address in replies):
                sockets[family] = opened.enter_context(socket.socket(family, socket.SOCK_RAW, protocol))
        for _attempt in range(ATTEMPTS):
            silent = [address for address, took in replies.items() if took is None]
            for address in silent:
                # An unreachable route refuses at once: that is the answer "no".
                with contextlib.suppress(OSError):
                    family = _family(address)
                    sockets[family].sendto(request(KINDS[family][1], token), (address, 0))
            replies.update(_answers(sockets, silent, token, patience / ATTEMPTS))
    return replies


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET


def _answers(
    sockets: dict[socket.AddressFamily, socket.socket], silent: list[str], token: bytes, patience: float
) -> dict[str, float]:
    found: dict[str, float] = {}
    started = time.monotonic()
    while len(found) < len(silent) and (left := started + patience - time.monotonic()) > 0:
        for talk in select.select(list(sockets.values()), [], [], left)[0]:
            packet, peer = talk.recvfrom(2048)
            # Of IPv4 the kernel hands over the header, too.
            inside = packet[(packet[0] & 15) * 4 :] if talk.family == socket.AF_INET else packet
            if inside[:1] == bytes([KINDS[talk.family][2]]) and inside[8:] == token and peer[0] in silent:
                found.setdefault(peer[0], time.monotonic() - started)
    return found
