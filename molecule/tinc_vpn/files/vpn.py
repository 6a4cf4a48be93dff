#!/usr/bin/env python3
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speak over the VPN.

vpn.py listen NAME ADDRESS…   answers each line with NAME and the line, and a line "bytes N" with the hash of N bytes
vpn.py ask ADDRESS            says who answers, or what the kernel says and after how many seconds
vpn.py push ADDRESS           sends a megabyte and compares hashes
vpn.py hold ADDRESS FILE      asks five times a second over one connection; when it is terminated, FILE tells how it was
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import signal
import socket
import socketserver
import sys
import threading
import time
from pathlib import Path

PORT = 7000
MEGABYTE = 1 << 20


class Voice(socketserver.StreamRequestHandler):
    """One connection."""

    def handle(self) -> None:
        name = sys.argv[2]
        for line in self.rfile:
            words = line.decode().split()
            if words[:1] == ["bytes"]:
                words = [hashlib.sha256(self.rfile.read(int(words[1]))).hexdigest()]
            self.wfile.write(" ".join([name, self.client_address[0], *words, "\n"]).encode())


class Server(socketserver.ThreadingTCPServer):
    """One address."""

    allow_reuse_address = True
    daemon_threads = True


class Server6(Server):
    """One address of IPv6."""

    address_family = socket.AF_INET6


def listen(*addresses: str) -> None:
    servers = [(Server6 if ":" in address else Server)((address, PORT), Voice) for address in addresses]
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()


def ask(address: str) -> dict[str, object]:
    began = time.monotonic()
    try:
        with socket.create_connection((address, PORT), timeout=3) as connection:
            connection.settimeout(5)
            connection.sendall(b"who\n")
            name, client, *_rest = connection.makefile().readline().split()
    except OSError as error:
        code = errno.errorcode.get(error.errno or 0, type(error).__name__)
        return {"name": "", "client": "", "error": code, "seconds": round(time.monotonic() - began, 4)}
    return {"name": name, "client": client, "error": "", "seconds": round(time.monotonic() - began, 4)}


def push(address: str) -> dict[str, object]:
    data, began = os.urandom(MEGABYTE), time.monotonic()
    with socket.create_connection((address, PORT), timeout=60) as connection:
        connection.sendall(b"bytes %d\n" % len(data) + data)
        answer = connection.makefile().readline().split()
    return {
        "same": answer[2:] == [hashlib.sha256(data).hexdigest()],
        "seconds": round(time.monotonic() - began, 3),
    }


def hold(address: str, file: str) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    found = {"answers": 0, "longest": 0.0, "broken": ""}
    last = time.monotonic()
    with contextlib.suppress(KeyboardInterrupt):
        try:
            with socket.create_connection((address, PORT), timeout=120) as connection:
                reader = connection.makefile()
                while True:
                    connection.sendall(b"there\n")
                    if not reader.readline():
                        raise ConnectionError("closed")
                    now = time.monotonic()
                    found["answers"] += 1
                    found["longest"] = max(found["longest"], now - last)
                    last = now
                    time.sleep(0.2)
        except OSError as error:
            found["broken"] = str(error)
            time.sleep(3600)
    found["longest"] = max(found["longest"], time.monotonic() - last)
    Path(file).write_text(json.dumps(found))


if __name__ == "__main__":
    verb, *words = sys.argv[1:]
    if verb == "listen":
        listen(*words[1:])
    elif verb == "hold":
        hold(*words)
    else:
        print(json.dumps({"ask": ask, "push": push}[verb](*words)))
