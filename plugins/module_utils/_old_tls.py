# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Greeting a server in TLS 1.0 and 1.1, which OpenSSL no longer does. PRIVATE to the collection."""

from __future__ import annotations

import os
import socket
import struct

VERSIONS = {"TLSv1.0": 0x0301, "TLSv1.1": 0x0302}
# What servers of that time offer: AES and 3DES in CBC mode with ECDHE (ECDSA and RSA), DHE and RSA.
CIPHERS = (0xC009, 0xC00A, 0xC013, 0xC014, 0x0033, 0x0039, 0x002F, 0x0035, 0xC012, 0x000A)
ALERT, HANDSHAKE, SERVER_HELLO = 0x15, 0x16, 0x02


def client_hello(host: str, version: int) -> bytes:
    """Return the first packet of a client that speaks nothing newer than `version`."""
    name = host.encode("idna")
    extensions = b"".join(
        struct.pack(">HH", kind, len(data)) + data
        for kind, data in (
            (0, struct.pack(">HBH", len(name) + 3, 0, len(name)) + name),  # whom it wants to speak to
            (10, struct.pack(">4H", 6, 29, 23, 24)),  # curves
            (11, b"\x01\x00"),  # points are not compressed
            (0xFF01, b"\x00"),  # renegotiates in the safe way only
        )
    )
    ciphers = struct.pack(f">{len(CIPHERS)}H", *CIPHERS)
    body = struct.pack(">H", version) + os.urandom(32) + b"\0"
    body += struct.pack(">H", len(ciphers)) + ciphers + b"\x01\x00"
    body += struct.pack(">H", len(extensions)) + extensions
    message = b"\x01" + struct.pack(">I", len(body))[1:] + body
    return struct.pack(">BHH", HANDSHAKE, 0x0301, len(message)) + message


def speaks(connection: socket.socket, host: str, version: int) -> bool:
    """Say whether the server goes on in this version; an alert or a closed connection is a refusal."""
    connection.sendall(client_hello(host, version))
    answer = b""
    try:
        while len(answer) < 11:
            piece = connection.recv(64)
            if not piece:
                return False
            answer += piece
            if answer[0] == ALERT:
                return False
    except ConnectionError:
        return False
    return answer[0] == HANDSHAKE and answer[5] == SERVER_HELLO and answer[9:11] == struct.pack(">H", version)
