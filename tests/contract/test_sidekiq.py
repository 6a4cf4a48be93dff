# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queues, schedule, readiness and leaving of Sidekiq."""

from __future__ import annotations

import json

from tests.contract.bed import HARDENED, Bed, wait_for

QUEUES = ["default", "fasp", "ingress", "mailers", "pull", "push", "scheduler"]
NEXT_TIMES = "sidekiq-scheduler:next_times"

# As much Redis as Sidekiq asks for before it looks at the version, of a version that nobody packages any more.
OLD_REDIS = r"""
require 'socket'
server = TCPServer.new('127.0.0.1', 6379)
Thread.new do
  loop do
    Thread.new(server.accept) do |client|
      while (line = client.gets)
        words = Array.new(line[1..].to_i) { client.read(client.gets[1..].to_i + 2).strip }
        info = "redis_version:6.2.14\r\nmaxmemory_policy:noeviction\r\n"
        hello = "%1\r\n+version\r\n+6.2.14\r\n"
        answer = { 'HELLO' => hello, 'INFO' => "$#{info.bytesize}\r\n#{info}\r\n" }
        client.write(answer.fetch(words.first.upcase, "+OK\r\n"))
      end
    end
  end
end
Process.wait(spawn('bundle', 'exec', 'sidekiq'))
exit($?.exitstatus || 1)
"""


def process(bed: Bed, database: int = 0) -> dict[str, object]:
    """Return what the one Sidekiq process of this Redis database says of itself."""
    (identity,) = bed.redis("SMEMBERS", "processes", database=database).split()
    information: dict[str, object] = json.loads(bed.redis("HGET", identity, "info", database=database))
    return information


def test_sidekiq_queues(bed: Bed, sidekiq: str) -> None:
    wait_for(lambda: bed.redis("EXISTS", "processes") == "1", "Sidekiq's heartbeat")
    information = process(bed)
    assert (sorted(information["queues"]), information["concurrency"]) == (QUEUES, 5)  # type: ignore[call-overload]  # JSON: Any


def test_sidekiq_scheduler(bed: Bed, sidekiq: str) -> None:
    wait_for(lambda: bed.redis("EXISTS", NEXT_TIMES) == "1", "the schedule")
    bed.sidekiq("-c", "2", "-q", "default", "-q", "mailers,2", change={"REDIS_DB": "11"})
    wait_for(lambda: bed.redis("EXISTS", "processes", database=11) == "1", "Sidekiq's heartbeat")
    information = process(bed, 11)
    assert (sorted(set(information["queues"])), information["concurrency"]) == (["default", "mailers"], 2)  # type: ignore[call-overload]  # JSON: Any
    assert bed.redis("EXISTS", NEXT_TIMES, database=11) == "0"


def test_sidekiq_ready_file(bed: Bed, database: str) -> None:
    # A volume, so that the folder can be looked at when the process is gone.
    bed.engine.run("volume", "create", bed.name)
    try:
        container = bed.sidekiq(change={"REDIS_DB": "12"}, options=(f"--volume={bed.name}:/opt/mastodon/tmp",))
        assert bed.stop(container) == 0
        bed.engine.run("rm", container)
        look = 'test -d cache -a ! -e "$MASTODON_SIDEKIQ_READY_FILENAME"'
        mount = (f"--volume={bed.name}:/tmp/ready", "--workdir=/tmp/ready")
        bed.engine.run("run", "--rm", "--entrypoint=sh", *mount, bed.image, "-c", look)
    finally:
        bed.engine.run("volume", "rm", bed.name)


def test_sidekiq_needs_tmp(bed: Bed, database: str) -> None:
    result = bed.once("bundle", "exec", "sidekiq", change={"REDIS_DB": "13"}, options=HARDENED)
    assert result.returncode != 0


def test_sidekiq_old_redis(bed: Bed, database: str) -> None:
    local = {"REDIS_HOST": "127.0.0.1", "REDIS_USER": None, "REDIS_PASSWORD": None}
    result = bed.once("ruby", "-e", OLD_REDIS, change=local)
    assert result.returncode != 0
    assert "Redis 7.0.0 or greater" in result.stdout + result.stderr
