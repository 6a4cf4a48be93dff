# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Release A becomes release B, step by step, as an upgrade without downtime does it.

Run with ``pytest tests/standin`` on the engine that DOCKER_HOST names, when both releases are built there.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.bed import DOMAIN, Bed
from tests.contract.conftest import MAKE_TOKEN
from tests.standin.engine import Engine

A, B = "fediops-standin/mastodon:v4.7.6", "fediops-standin/mastodon:v4.7.7"
SKIP = {"SKIP_POST_DEPLOYMENT_MIGRATIONS": "true"}


@pytest.fixture
def bed() -> Iterator[Bed]:
    """An instance of release A with its owner."""
    bed = Bed(Engine(), A, "", None)
    try:
        bed.new_database("mastodon_production")
        assert bed.once("bin/rails", "db:prepare").returncode == 0
        owner = ("owner", "--email", f"owner@{DOMAIN}", "--confirmed", "--approve", "--role", "Owner")
        assert bed.once("bin/tootctl", "accounts", "create", *owner).returncode == 0
        yield bed
    finally:
        bed.close()


def pending(bed: Bed, change: dict[str, str] | None = None) -> bool:
    """Whether release B finds migrations that were not run."""
    return bed.once("bin/rails", "db:abort_if_pending_migrations", image=B, change=change).returncode != 0


def test_upgrade(bed: Bed) -> None:
    token = bed.runner(MAKE_TOKEN)

    def post(alias: str) -> int:
        header, form = f"Authorization: Bearer {token}", ("--form", f"status=by release {alias}")
        return bed.page("/api/v1/statuses", header, alias=alias, options=form).status

    bed.web("a")
    bed.web("early-b", image=B)
    assert (post("a"), post("early-b")) == (200, 500), "B needs its first migration"
    assert pending(bed, SKIP)

    assert bed.once("bin/rails", "db:migrate", image=B, change=SKIP).returncode == 0
    bed.web("b", image=B)
    assert (post("a"), post("b")) == (200, 200), "between the two migrations both releases work"
    assert not pending(bed, SKIP)
    assert pending(bed)

    assert bed.once("bin/rails", "db:migrate", image=B).returncode == 0
    assert (post("a"), post("b")) == (500, 200), "what is left of A breaks after the second"
    assert not pending(bed)
    assert bed.sql("SELECT count(*) FROM statuses WHERE locale IS NULL") == "0"

    def stylesheet(alias: str) -> str:
        page = bed.page("/", alias=alias).body
        return page.split('href="/packs/')[1].split('"')[0]

    assert stylesheet("a") != stylesheet("b")
    assert bed.page(f"/packs/{stylesheet('a')}", alias="b").status == 404
