# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A websocket client, as much of RFC 6455 as listening takes."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import struct
import time

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class WebsocketError(Exception):
    """The peer does not do as the standard says, or has nothing to say."""


class Websocket:
    """A connection that was upgraded. It listens, and answers pings."""

    def __init__(self, connection: socket.socket, host: str, target: str) -> None:
        self._connection = connection
        self._read = b""
        key = base64.b64encode(os.urandom(16)).decode()
        request = (
            f"GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        connection.sendall(request.encode())
        while b"\r\n\r\n" not in self._read:
            self._more()
        head, _end, self._read = self._read.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.strip().lower(): value.strip() for name, _colon, value in (line.partition(":") for line in lines)
        }
        wanted = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()  # the standard says SHA-1
        if " 101 " not in f"{status} " or headers.get("sec-websocket-accept") != wanted:
            raise WebsocketError(f"refused: {status} {headers.get('x-error-message', '')}")

    def _more(self) -> None:
        data = self._connection.recv(65536)
        if not data:
            raise WebsocketError("the connection was closed")
        self._read += data

    def _take(self, size: int) -> bytes:
        while len(self._read) < size:
            self._more()
        data, self._read = self._read[:size], self._read[size:]
        return data

    def _send(self, kind: int, payload: bytes) -> None:
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        self._connection.sendall(struct.pack("!BB", 0x80 | kind, 0x80 | len(payload)) + mask + masked)

    def _frame(self) -> tuple[bool, int, bytes]:
        first, second = self._take(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", self._take(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._take(8))
        if second & 0x80:
            raise WebsocketError("a server must not mask")
        return bool(first & 0x80), first & 0x0F, self._take(size)

    def message(self, patience: float) -> str:
        """Return the next text, or raise after `patience` seconds."""
        end, whole = time.monotonic() + patience, b""
        while (left := end - time.monotonic()) > 0:
            self._connection.settimeout(left)
            try:
                last, kind, payload = self._frame()
            except TimeoutError:
                break
            if kind == PING:
                self._send(PONG, payload)
            elif kind == CLOSE:
                raise WebsocketError(f"the server closed: {payload[2:].decode('utf-8', 'replace')}")
            elif kind in (0, TEXT):
                whole += payload
                if last:
                    return whole.decode()
        raise WebsocketError(f"no message within {patience:g} s")
