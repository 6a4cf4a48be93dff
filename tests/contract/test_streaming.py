# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the streaming server answers."""

from __future__ import annotations

import json
import subprocess

from tests.contract.bed import Bed, wait_for

UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
NOWHERE: dict[str, str | None] = {"DB_HOST": "127.0.0.1", "REDIS_HOST": "127.0.0.1"}


def test_streaming_health(bed: Bed) -> None:
    bed.streaming("alone", NOWHERE)
    answer = bed.get("http://alone:4000/api/v1/streaming/health")
    assert (answer.status, answer.body) == (200, "OK")
    assert answer.headers["cache-control"] == "private, no-store"


def test_streaming_no_token(bed: Bed, streaming: str) -> None:
    answer = bed.get("http://streaming:4000/api/v1/streaming", *UPGRADE)
    assert (answer.status, answer.headers["x-error-message"]) == (401, "Missing access token")


def test_streaming_event(bed: Bed, web: str, sidekiq: str, streaming: str, token: str) -> None:
    url = f"http://streaming:4000/api/v1/streaming/public?access_token={token}"
    listen = ["docker", "exec", bed.services, "curl", "--silent", "--no-buffer", "--max-time", "60", url]
    with subprocess.Popen(listen, stdout=subprocess.PIPE, text=True, env=bed.engine.environment) as listener:
        wait_for(lambda: 'type="eventsource"} 1' in bed.get("http://streaming:4000/metrics").body, "the listener", 20)
        post = ("--form", "status=what we believe")
        status = json.loads(bed.page("/api/v1/statuses", f"Authorization: Bearer {token}", options=post).body)
        assert listener.stdout is not None
        event = next(line for line in listener.stdout if line.startswith("data: "))
        assert json.loads(event.removeprefix("data: "))["id"] == status["id"]
        listener.kill()


def test_streaming_metrics(bed: Bed, streaming: str) -> None:
    answer = bed.get("http://streaming:4000/metrics")
    assert answer.status == 200
    for name in ("connected_clients", "redis_subscriptions", "messages_sent_total", "pg_pool_total_connections"):
        assert f"# TYPE {name} " in answer.body


def test_streaming_tls(bed: Bed, token: str) -> None:
    prefer: dict[str, str | None] = {"DB_SSLMODE": "prefer"}
    assert bed.runner("print User.count", prefer).strip().isdigit()
    bed.streaming("picky", prefer)
    answer = bed.get("http://picky:4000/api/v1/streaming/user", f"Authorization: Bearer {token}")
    assert answer.status == 500


def test_streaming_term(bed: Bed) -> None:
    assert bed.stop(bed.streaming("leaving", NOWHERE)) == 0
