# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sites that the wiring gives the edge, by what an admin sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.fediops.mastodon.plugins.module_utils import _rules_caddy_origin, _rules_caddy_sites

WIRING = Path(__file__).resolve().parents[3] / "playbooks" / "group_vars"
GROUPS = ("postgres", "redis", "minio", "nginx_media", "caddy", "mastodon")
PLACE = {"name": "fedi", "address": "10.0.0.1", "services": ["web", "streaming"]}
SPLIT = {"instance_web_domain": "social.fedi.net"}


def evaluated(expression: str, **variables: Any) -> Any:
    """Return what an expression is for the only host of an instance, as Ansible sees it."""
    loader = DataLoader()
    known: dict[str, Any] = {}
    for name in ("all", "caddy"):
        known |= loader.load_from_file(str(WIRING / f"{name}.yml"), trusted_as_template=True)
    known |= {
        "groups": {group: ["fedi"] for group in GROUPS},
        "hostvars": {
            "fedi": {
                "__instance_address": PLACE["address"],
                "__instance_url_host": PLACE["address"],
                "__instance_place": PLACE,
            }
        },
        "inventory_hostname": "fedi",
        "instance_domain": "fedi.net",
    }
    return Templar(loader=loader, variables=known | variables).template(trust_as_template(f"{{{{ {expression} }}}}"))


def sites(**variables: Any) -> dict[str, dict[str, Any]]:
    """Return the sites by name; the role must accept them."""
    found: list[dict[str, Any]] = evaluated("caddy_sites", **variables)
    known = {"caddy_sites": found, "caddy_trusted_proxies": ["192.0.2.0/24"]}
    rules = (*_rules_caddy_sites.RULES, *_rules_caddy_origin.RULES)
    assert [fault for rule in rules for fault in rule(known)] == []
    return {site["name"]: site for site in found}


def test_one_name_for_everything() -> None:
    found = sites()
    assert list(found) == ["instance", "media", "s3"]
    assert found["instance"]["hosts"] == ["fedi.net"]
    assert found["instance"]["web_upstreams"] == ["10.0.0.1:3000"]


def test_an_address_with_colons_is_told_from_its_port() -> None:
    written = [evaluated("__instance_url_host", private_address=address) for address in ("10.0.0.1", "fd00::1")]
    assert written == ["10.0.0.1", "[fd00::1]"]


def test_handles_of_another_domain() -> None:
    found = sites(**SPLIT)
    assert list(found) == ["instance", "handles", "media", "s3"]
    assert found["instance"]["hosts"] == ["social.fedi.net"]
    assert found["handles"] == {
        "name": "handles",
        "kind": "handles",
        "hosts": ["fedi.net"],
        "to": "https://social.fedi.net",
        "website": "https://social.fedi.net",
    }
    assert sites(**SPLIT, instance_website="https://fedi.org")["handles"]["website"] == "https://fedi.org"


def test_the_domain_of_the_handles_is_a_home_page_elsewhere() -> None:
    found = sites(**SPLIT, instance_handles=False)
    assert "fedi.net" not in [name for site in found.values() for name in site["hosts"]]


@pytest.mark.parametrize("variables", [{}, {"instance_media_domain": "files.fedi.net"}, SPLIT])
def test_links_to_uploads_of_old_lead_to_the_media_host(variables: dict[str, str]) -> None:
    found = sites(**variables)
    assert found["instance"]["system_redirect"] == f"https://{found['media']['hosts'][0]}"


def test_names_for_a_cdn() -> None:
    assert not any("origin" in site for site in sites().values())
    web, media = {"hosts": ["origin.fedi.net"]}, {"hosts": ["origin-media.fedi.net"], "internal": True}
    found = sites(instance_origin=web, instance_media_origin=media)
    assert (found["instance"]["origin"], found["media"]["origin"]) == (web, media)
    assert "origin" not in found["s3"]
