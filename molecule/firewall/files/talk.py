# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Greet on tcp and echo on udp, on every address: talk.py tcp:443 udp:53 … What arrives by tcp comes back."""

import contextlib
import socket
import sys
import threading


def listen(protocol: str, port: int) -> None:
    """Answer on one port for ever."""
    server = socket.socket(socket.AF_INET6, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("::", port))
    if protocol == "tcp":
        server.listen(64)
        while True:
            threading.Thread(target=converse, args=(server.accept()[0],), daemon=True).start()
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    while True:
        data, notes, _flags, peer = server.recvmsg(2048, 64)
        # The answer comes from the address that was asked, else it is no answer; by whatever interface.
        asked = [(level, kind, note[:16] + bytes(4)) for level, kind, note in notes]
        with contextlib.suppress(OSError):
            server.sendmsg([data], asked, 0, peer)


def converse(client: socket.socket) -> None:
    """Say hello, then give back what comes."""
    with client, contextlib.suppress(OSError):
        client.sendall(b"hello\n")
        while data := client.recv(65536):
            client.sendall(data)


threads = [
    threading.Thread(target=listen, args=(kind, int(port))) for kind, port in (w.split(":") for w in sys.argv[1:])
]
for thread in threads:
    thread.start()
