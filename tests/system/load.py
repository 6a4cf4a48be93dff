# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Visitors, run on a machine outside: `python3 - CONFIG`; a line of JSON for each request when its time is over."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import sys
import threading
import time
from typing import Any


class Connection(http.client.HTTPSConnection):
    """To an address, under the name of the site."""

    def __init__(self, name: str, address: str, trust: ssl.SSLContext, seconds: float) -> None:
        super().__init__(name, timeout=seconds, context=trust)
        self._address, self._trust = address, trust

    def connect(self) -> None:
        """Connect to the address instead of asking the resolver."""
        plain = socket.create_connection((self._address, 443), timeout=self.timeout)
        self.sock = self._trust.wrap_socket(plain, server_hostname=self.host)


def ask(config: dict[str, Any], trust: ssl.SSLContext) -> dict[str, Any]:
    """One request on a connection of its own."""
    began = time.time()
    connection = Connection(config["name"], config["address"], trust, config["patience"])
    try:
        connection.request("GET", config["path"])
        answer = connection.getresponse()
        answer.read()
        status = answer.status
    except OSError as error:
        status = 0
        return {"at": began, "status": status, "took": time.time() - began, "error": repr(error)}
    finally:
        connection.close()
    return {"at": began, "status": status, "took": time.time() - began}


def main() -> None:
    """Ask at an even pace, each visitor in a thread of its own, whatever became of those before."""
    config = json.loads(sys.argv[1])
    trust = ssl.create_default_context(cadata=config["ca"])
    records: list[dict[str, Any]] = []
    threads = []
    end = time.monotonic() + config["seconds"]
    while time.monotonic() < end:
        thread = threading.Thread(target=lambda: records.append(ask(config, trust)))
        thread.start()
        threads.append(thread)
        time.sleep(1 / config["rate"])
    for thread in threads:
        thread.join()
    for record in sorted(records, key=lambda record: float(record["at"])):
        print(json.dumps(record))


if __name__ == "__main__":
    main()
