# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: the service itself, and what people ask it, through the socket that nginx uses for busts."""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import sys
import time
from pathlib import Path
from typing import Any

from media_gone import figures, paths
from media_gone.server import Server
from media_gone.service import Service, log

OWN = Path("/run/nginx-media-gone")
STATE = Path("/var/lib/nginx-media-gone")
COUNT = 5.0  # seconds between two looks at the figures


class _Socket(http.client.HTTPConnection):
    """HTTP through a socket of this host."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(600)
        self.sock.connect(str(OWN / "socket"))


def ask(action: str, **question: Any) -> dict[str, Any]:
    """Ask the service; what it refuses raises ValueError."""
    connection = _Socket("localhost")
    connection.request("POST", f"/{action}", body=json.dumps(question))
    response = connection.getresponse()
    answer: dict[str, Any] = json.loads(response.read())
    if response.status != 200:
        raise ValueError(answer["error"])
    return answer


def serve(file: Path) -> None:
    """Run until stopped."""
    settings = json.loads(file.read_text())
    service = Service(settings, STATE, OWN)
    server = Server(OWN / "socket", service)
    service.start()
    server.start()
    log("ready")
    while True:
        figures.replace(OWN / "metrics", figures.text(service.status()))
        time.sleep(COUNT)


def _key(text: str) -> str:
    return text if not text or text.endswith("/") else paths.clean(text).lstrip("/")


def parser() -> argparse.ArgumentParser:
    """What may be typed."""
    top = argparse.ArgumentParser(prog="nginx-media-gone", description="What the media host must not show any more.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    flush = commands.add_parser("flush", help="forget copies; origins are asked again")
    what = flush.add_mutually_exclusive_group(required=True)
    what.add_argument("key", nargs="?", metavar="KEY | PREFIX/", help="a file, its address, or all below a folder")
    what.add_argument("--all", action="store_true", help="every copy on this host")
    for name, text in (
        ("delete", "never show a file again, and delete it at every origin that has keys"),
        ("restore", "show it again, if an origin still has it"),
    ):
        commands.add_parser(name, help=text).add_argument("key", metavar="KEY", help="a file, or its address")
    commands.add_parser("status", help="say how many files are gone or hidden, and what is left to do")
    commands.add_parser("serve", help="run the service").add_argument("settings", type=Path)
    return top


def main(argv: list[str]) -> int:
    """Do what was typed; return the exit status."""
    given = parser().parse_args(argv)
    if given.command == "serve":
        serve(given.settings)
    try:
        if given.command == "status":
            answer = ask("status")
        elif given.command == "flush":
            answer = ask("flush", key="" if given.all else _key(given.key))
        else:
            answer = ask(given.command, key=_key(given.key))
    except (FileNotFoundError, ConnectionError):
        print("nginx-media-gone.service does not run: systemctl start nginx-media-gone", file=sys.stderr)
        return 1
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(answer, indent=2))
    return 0
