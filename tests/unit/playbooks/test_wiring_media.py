# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each role of the example of two hosts is told about media, as Ansible itself works it out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.fediops.mastodon.plugins.module_utils import _secrets

ROOT = Path(__file__).resolve().parents[3]


def told(host: str, names: tuple[str, ...], **extra: Any) -> dict[str, Any]:
    """Return variables of a host, with some of the inventory's own added."""
    asked = extra | {"found": {name: f"{{{{ {name} }}}}" for name in names}}
    ansible = str(Path(sys.executable).with_name("ansible"))
    where = ["--playbook-dir=playbooks", "--inventory=inventories/two_hosts/hosts.yml"]
    what = ["--module-name=ansible.builtin.debug", "--args=var=found", "--extra-vars", json.dumps(asked)]
    said = subprocess.run(
        [ansible, host, *where, *what],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json", "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return dict(json.loads(said.partition("=> ")[2])["found"])


def wired(name: str, **variables: Any) -> Any:
    """Return a variable of the wiring where the groups are others than in the example."""
    loader = DataLoader()
    known: dict[str, Any] = {"inventory_hostname": "tempo", "inventory_dir": "."}
    for part in ("all", "nginx_media"):
        known |= loader.load_from_file(str(ROOT / f"playbooks/group_vars/{part}.yml"), trusted_as_template=True)
    return Templar(loader=loader, variables=known | variables).template(trust_as_template(f"{{{{ {name} }}}}"))


def test_names_and_origins_follow_from_one_list_each() -> None:
    b2 = {"name": "b2", "url": "https://s3.b2.test", "bucket": "old"}
    variables = {
        "instance_media_swap_domains": ["files.mastodon.localhost"],
        "instance_media_old_domains": ["old.mastodon.localhost"],
        "instance_media_origins": [b2],
    }
    found = told("tempo", ("nginx_media_server_names", "nginx_media_origins", "caddy_sites"), **variables)
    assert found["nginx_media_server_names"] == ["media.mastodon.localhost", "files.mastodon.localhost"]
    own = {"name": "own", "url": "http://10.235.0.1:9000", "bucket": "mastodon-media", "forbidden": "away"}
    # A store on one host, without TLS.
    own |= {"others": [], "tls_name": "", "tls_ca": ""}
    assert found["nginx_media_origins"] == [own, b2]
    sites = {site["name"]: site for site in found["caddy_sites"]}
    assert sites["media"]["hosts"] == found["nginx_media_server_names"]
    assert (sites["media-old"]["hosts"], sites["media-old"]["kind"], sites["media-old"]["to"]) == (
        ["old.mastodon.localhost"],
        "redirect",
        "https://media.mastodon.localhost",
    )
    hosts = told("parasect", ("mastodon_extra_media_hosts",), **variables)["mastodon_extra_media_hosts"]
    assert hosts == ["https://files.mastodon.localhost", "https://old.mastodon.localhost"]


def test_without_them_there_is_one_name_and_one_origin() -> None:
    found = told("tempo", ("nginx_media_server_names", "nginx_media_origins", "caddy_sites"))
    assert found["nginx_media_server_names"] == ["media.mastodon.localhost"]
    assert [origin["name"] for origin in found["nginx_media_origins"]] == ["own"]
    assert "media-old" not in {site["name"] for site in found["caddy_sites"]}
    assert told("parasect", ("mastodon_extra_media_hosts",))["mastodon_extra_media_hosts"] == []


@pytest.fixture
def secrets(tmp_path: Path) -> dict[str, str]:
    """The instance's secrets, in a store."""
    values = _secrets.generate(_secrets.KINDS)
    (tmp_path / "store").write_text(yaml.safe_dump(values))
    return {**values, "path": str(tmp_path / "store")}


def test_app_and_media_host_know_each_other(secrets: dict[str, str]) -> None:
    store = {"instance_secrets_file": secrets["path"]}
    media = told("tempo", ("nginx_media_bust_header", "nginx_media_bust_secret", "caddy_sites"), **store)
    (app,) = told("parasect", ("mastodon_cache_buster",), **store).values()
    assert app == {
        "header": media["nginx_media_bust_header"],
        "secret": media["nginx_media_bust_secret"],
        "address": "",
    }
    assert app["secret"] == secrets["cache_buster_secret"]
    assert [site["name"] for site in media["caddy_sites"] if site.get("purge")] == ["media"]


def test_a_media_host_at_a_private_address_is_let_through_the_firewall(secrets: dict[str, str]) -> None:
    found = told(
        "parasect",
        ("mastodon_cache_buster", "__instance_foreign"),
        instance_secrets_file=secrets["path"],
        instance_media_address="192.0.2.9",
    )
    assert found["mastodon_cache_buster"]["address"] == "192.0.2.9"
    assert found["__instance_foreign"] == [{"name": "media", "host": "192.0.2.9", "port": 443}]


def test_the_media_host_asks_the_database_as_a_user_of_its_own(secrets: dict[str, str]) -> None:
    names = ("postgres_users", "postgres_hba", "postgres_questions", "nginx_media_database")
    found = told("tempo", names, instance_secrets_file=secrets["path"])
    asks = found["nginx_media_database"]
    assert (asks["host"], asks["user"], asks["name"]) == ("10.235.0.1", "mastodon_media", "mastodon_production")
    assert asks["password"] == secrets["media_database_password"] != secrets["database_password"]
    assert {user["name"]: user["password"] for user in found["postgres_users"]}["mastodon_media"] == asks["password"]
    # By TLS alone, as the inventory wants it, and each from the hosts that are his.
    assert [(rule["user"], rule["address"], rule["type"]) for rule in found["postgres_hba"]] == [
        ("mastodon", "10.235.0.2/32", "hostssl"),
        ("mastodon_media", "10.235.0.1/32", "hostssl"),
    ]
    asked = {question["name"]: question["users"] for question in found["postgres_questions"]}
    assert asked == {f"fediops.{name}": ["mastodon_media"] for name in ("hidden_media", "loose_media", "media_exists")}


def test_a_database_of_somebody_else_is_asked_only_when_told_so(secrets: dict[str, str]) -> None:
    other = {"instance_secrets_file": secrets["path"], "groups": {"nginx_media": ["tempo"], "mastodon": ["parasect"]}}
    assert wired("nginx_media_database", **other) == {}
    other |= {"instance_database_host": "db.example.net", "instance_media_database": {"tls": True, "port": 5433}}
    asked = wired("nginx_media_database", **other)
    assert (asked["host"], asked["port"], asked["tls"], asked["user"]) == (
        "db.example.net",
        5433,
        True,
        "mastodon_media",
    )


def test_what_the_documentation_says_for_other_databases_is_what_ours_get() -> None:
    wiring = yaml.safe_load((ROOT / "playbooks/group_vars/postgres.yml").read_text())
    lines = [line.strip() for line in (ROOT / "docs/stores.md").read_text().splitlines()]
    for name in ("__instance_hidden_media", "__instance_loose_media", "__instance_media_exists"):
        question = wiring[name]
        body = [line.strip() for line in question["answer"].splitlines()]
        start = lines.index(body[0])
        assert lines[start : start + len(body)] == body
        head = f"CREATE FUNCTION {question['name']}({question.get('arguments', '')}) RETURNS {question['returns']}"
        assert head in lines
        safe = "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $answer$"
        assert lines[start - 1] == safe
