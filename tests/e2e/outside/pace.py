# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Visitors at an even pace, whatever became of those before: what each was answered, and how long that took."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from typing import Any

from tests.e2e.outside.report import facts

PATIENCE = 60.0


def ask(name: str, path: str, trust: ssl.SSLContext) -> dict[str, Any]:
    """Send one request on a connection of its own; status 0 is no answer at all."""
    began, status = time.time(), 0
    connection = http.client.HTTPSConnection(name, timeout=PATIENCE, context=trust)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        status = answer.status
    except (OSError, http.client.HTTPException):
        pass
    finally:
        connection.close()
    return {"at": began, "status": status, "took": time.time() - began}


def main(config: dict[str, Any]) -> None:
    """Say when it begins, and at the end what became of each."""
    trust = ssl.create_default_context(cadata=config["ca"])
    records: list[dict[str, Any]] = []
    visitors = []
    facts(began=time.time())
    end = time.monotonic() + config["seconds"]
    while time.monotonic() < end:
        visitor = threading.Thread(target=lambda: records.append(ask(config["host"], config["path"], trust)))
        visitor.start()
        visitors.append(visitor)
        time.sleep(1 / config["rate"])
    for visitor in visitors:
        visitor.join()
    facts(records=sorted(records, key=lambda record: float(record["at"])))
