# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""slirp4netns: the way out for an engine in a network namespace of its own, and the way in for a browser."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path
from typing import Any

from tests.hosts.progress import HarnessError


def api(runtime: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Ask the running slirp4netns; it answers one request per connection."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(5)
        connection.connect(str(runtime / "slirp.sock"))
        connection.sendall(json.dumps(request).encode())
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    reply: dict[str, Any] = json.loads(answer)
    return reply


def answers(runtime: Path) -> bool:
    """Whether a slirp4netns is at work there."""
    try:
        api(runtime, {"execute": "list_hostfwd"})
    except (OSError, ValueError):
        return False
    return True


def start(runtime: Path, pid: int) -> None:
    """Give the network namespace of a process a way to the internet, but none to the machine's own loopback."""
    (runtime / "slirp.sock").unlink(missing_ok=True)
    command = ["slirp4netns", "--configure", "--mtu=65520", "--disable-host-loopback"]
    command += ["--api-socket", str(runtime / "slirp.sock"), "--ready-fd=1", str(pid), "tap0"]
    with (runtime / "slirp.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True, cwd="/"
        )
    assert process.stdout is not None
    with process.stdout:
        if process.stdout.read(1) != b"1":
            raise HarnessError("slirp4netns did not connect the engine to the network", f"read {runtime / 'slirp.log'}")


def forward(runtime: Path, ports: set[int]) -> None:
    """Let ports of the machine's loopback lead to the same ports of the engine's namespace."""
    for port in sorted(ports - {entry["host_port"] for entry in _forwarded(runtime)}):
        arguments = {"proto": "tcp", "host_addr": "127.0.0.1", "host_port": port, "guest_port": port}
        reply = api(runtime, {"execute": "add_hostfwd", "arguments": arguments})
        if "error" in reply:
            raise HarnessError(
                f"slirp4netns cannot listen on 127.0.0.1:{port}: {reply['error']}", "free that port and try again"
            )


def stop_forwarding(runtime: Path, ports: set[int]) -> None:
    """Take forwarded ports away."""
    for entry in _forwarded(runtime):
        if entry["host_port"] in ports:
            api(runtime, {"execute": "remove_hostfwd", "arguments": {"id": entry["id"]}})


def _forwarded(runtime: Path) -> list[dict[str, Any]]:
    reply = api(runtime, {"execute": "list_hostfwd"})
    entries: list[dict[str, Any]] = reply.get("return", reply)["entries"]  # some releases leave the "return" out
    return entries
