# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of stores says what Mastodon understands, and everything that lists kinds lists these."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.fediops.mastodon.plugins.doc_fragments.s3 import ModuleDocFragment
from ansible_collections.fediops.mastodon.plugins.filter import store_env
from ansible_collections.fediops.mastodon.plugins.module_utils import _stores

ROOT = Path(__file__).resolve().parents[4]
# What config/initializers/paperclip.rb of Mastodon and its SDK read, beyond what the role sets itself.
READ = re.compile(
    r"S3_(OPEN_TIMEOUT|READ_TIMEOUT|RETRY_LIMIT|OVERRIDE_PATH_STYLE|FORCE_SINGLE_REQUEST)"
    r"|AWS_(REQUEST_CHECKSUM_CALCULATION|RESPONSE_CHECKSUM_VALIDATION)"
)


@pytest.mark.parametrize("kind", _stores.KINDS)
def test_every_kind_is_usable(kind: str) -> None:
    found = _stores.environment(kind)
    assert all(READ.fullmatch(name) for name in found)
    assert found["S3_RETRY_LIMIT"]
    assert int(found["S3_READ_TIMEOUT"]) >= int(found["S3_OPEN_TIMEOUT"]) > 0
    assert {found[name] for name in found if name.startswith("AWS_")} <= {"when_required", "when_supported"}
    assert _stores.KINDS[kind].lacks <= set(_stores.FEATURES)


def test_without_a_policy_there_is_another_way() -> None:
    for kind in _stores.KINDS.values():
        assert ("policy" in kind.lacks) is bool(kind.instead), kind.title


def test_a_kind_is_not_changed_by_its_reader() -> None:
    _stores.environment("aws")["S3_RETRY_LIMIT"] = 0
    assert _stores.environment("aws")["S3_RETRY_LIMIT"] == 5


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("wasabi", {"S3_FORCE_SINGLE_REQUEST": True, "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required"}),
        ("aws", {"S3_OVERRIDE_PATH_STYLE": True, "AWS_REQUEST_CHECKSUM_CALCULATION": "when_supported"}),
        ("minio", {"S3_OVERRIDE_PATH_STYLE": None, "S3_FORCE_SINGLE_REQUEST": None}),
    ],
)
def test_what_differs(kind: str, expected: dict[str, Any]) -> None:
    found = store_env.FilterModule().filters()["store_env"](kind)
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize("kind", ["s3", "", None, "MinIO"])
def test_an_unknown_kind_is_named(kind: Any) -> None:
    with pytest.raises(AnsibleFilterError, match=f"{kind!r} is no kind of store"):
        store_env.store_env(kind)


def test_what_is_lacking_reads_well() -> None:
    assert _stores.lacks("garage", "public_access_block") == "Garage is known not to have public access block"
    assert _stores.lacks("aws", "acl") == ""


@pytest.mark.parametrize(
    ("url", "kind", "region"),
    [
        ("https://s3.eu-central-1.amazonaws.com", "aws", "eu-central-1"),
        ("https://s3.dualstack.eu-central-1.amazonaws.com", "aws", "eu-central-1"),
        ("https://s3-eu-west-1.amazonaws.com", "aws", "eu-west-1"),
        ("https://s3.cn-north-1.amazonaws.com.cn", "aws", "cn-north-1"),
        ("https://s3.amazonaws.com", "aws", ""),
        ("https://S3.us-west-004.backblazeb2.com", "b2", "us-west-004"),
        ("https://s3.ap-northeast-1.wasabisys.com:443/", "wasabi", "ap-northeast-1"),
        ("https://s3.wasabisys.com", "wasabi", ""),
        ("https://0123456789abcdef.eu.r2.cloudflarestorage.com", "r2", ""),
        ("https://s3.example.org", "", ""),
        ("https://s3.notamazonaws.com", "", ""),
        ("no url", "", ""),
    ],
)
def test_what_an_endpoint_gives_away(url: str, kind: str, region: str) -> None:
    assert (_stores.of_endpoint(url), _stores.region_of_endpoint(url)) == (kind, region)


def test_every_list_of_kinds_is_this_one() -> None:
    specification = yaml.safe_load((ROOT / "roles/mastodon/meta/argument_specs.yml").read_text())
    options = specification["argument_specs"]["main"]["options"]
    assert options["mastodon_s3_kind"]["choices"] == list(_stores.KINDS)
    assert yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]["store_kind"]["choices"] == list(_stores.KINDS)
    assert yaml.safe_load(store_env.DOCUMENTATION)["options"]["_input"]["choices"] == list(_stores.KINDS)


def test_the_page_for_admins_is_the_table() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| [^|]+ \| (.+?) \| (.+?) \| (.+?) \|", (ROOT / "docs/stores.md").read_text(), re.M
    )
    rows = [row for row in rows if row[0] != "instance_store_kind"]
    assert sorted(row[0] for row in rows) == sorted(_stores.KINDS)
    for kind, *cells in rows:
        if kind == _stores.OTHER:
            continue
        has = [
            "no" if feature in _stores.KINDS[kind].lacks else "yes" for feature in ("policy", "versioning", "lifecycle")
        ]
        assert cells == has, kind
