# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles take away from the containers, and that all still works."""

from __future__ import annotations

from tests.contract.bed import HARDENED, OWN_TMP, Bed


def test_hardened_web(bed: Bed, created: object) -> None:
    bed.web("hardened", options=(*HARDENED, OWN_TMP))
    assert bed.page("/", alias="hardened").status == 200


def test_hardened_sidekiq(bed: Bed, database: str) -> None:
    assert bed.stop(bed.sidekiq(change={"REDIS_DB": "14"}, options=(*HARDENED, OWN_TMP))) == 0


def test_hardened_streaming(bed: Bed) -> None:
    bed.streaming("hardened-streaming", options=HARDENED)


def test_redis_acl(bed: Bed, sidekiq: str) -> None:
    # Sidekiq is up as this user; now that it is not simply allowed everything.
    assert "NOPERM" in bed.redis("FLUSHALL")
    assert "redis_version" in bed.redis("INFO", "server")
