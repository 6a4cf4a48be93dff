# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""On a host of the instance: put an object into the bucket, or take it out, by links that were signed outside."""

from __future__ import annotations

import urllib.request
from typing import Any

from tests.e2e.outside.report import facts


def main(config: dict[str, Any]) -> None:
    """Send one request to the store."""
    data = config["data"].encode() if config.get("data") is not None else None
    request = urllib.request.Request(config["url"], data, method=config["method"])
    request.add_header("Content-Type", "application/octet-stream")
    with urllib.request.urlopen(request, timeout=30) as answer:
        facts(status=answer.status)
