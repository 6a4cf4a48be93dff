# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that stop a boot, and variables whose mere presence counts."""

from __future__ import annotations

import pytest

from tests.contract.bed import Bed
from tests.contract.beliefs import REFUSALS


@pytest.mark.parametrize("row", REFUSALS)
def test_refusal(bed: Bed, database: str, row: str) -> None:
    result = bed.once(*REFUSALS[row].command, change=REFUSALS[row].environment)
    assert result.returncode != 0
    assert "booted" not in result.stdout


def test_empty_web_domain(bed: Bed, database: str) -> None:
    assert bed.runner("p Rails.configuration.x.web_domain", {"WEB_DOMAIN": ""}).strip() == '""'


def test_empty_replica(bed: Bed, database: str) -> None:
    names = (
        "print ActiveRecord::Base.configurations.configs_for(env_name: 'production', include_hidden: true).map(&:name)"
    )
    assert "replica" in bed.runner(names, {"REPLICA_DB_HOST": ""})
    assert "replica" not in bed.runner(names)


def test_boolean_one(bed: Bed, database: str) -> None:
    assert bed.runner("p Rails.configuration.x.use_s3", {"S3_ENABLED": "1"}).strip() == "false"


def test_cache_group(bed: Bed, database: str) -> None:
    ruby = "print REDIS_CONFIGURATION.cache[:url]"
    assert "contract" in bed.runner(ruby)
    assert "contract" not in bed.runner(ruby, {"CACHE_REDIS_HOST": "services"})
