# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role mastodon writes, rendered by Ansible itself and read back by other eyes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROOT = Path(__file__).resolve().parents[3]
ROLE = ROOT / "roles" / "mastodon"
sys.path.insert(0, str(ROOT / "tests/unit/plugins/module_utils"))
import env_grammar  # noqa: E402 (it lies beside the tests of what writes the files)

SECRETS = {
    "db_password": "secret-of-the-database",
    "redis_password": "secret-of-redis",
    "s3_access_key": "secret-s3-access",
    "s3_secret_key": "secret-s3-key",
    "secret_key_base": "secret-key-base",
    "owner_password": "secret-of-the-owner",
    "active_record_encryption_primary_key": "secret-ar-1",
    "active_record_encryption_deterministic_key": "secret-ar-2",
    "active_record_encryption_key_derivation_salt": "secret-ar-3",
    "vapid_private_key": "secret-vapid",
    "smtp_password": "secret-of-smtp",
}
NEEDED = {
    "local_domain": "example.org",
    "db_host": "db.example.org",
    "redis_host": "10.8.0.1",
    "s3_bucket": "mastodon-media",
    "s3_endpoint": "https://s3.example.org",
    "s3_alias_host": "media.example.org",
    "s3_hostname": "s3.example.org",
    "vapid_public_key": "public",
    "owner_username": "alice",
    "owner_email": "alice@example.org",
    "smtp_server": "mail.example.org",
    "smtp_login": "mastodon",
}


def evaluate(text: str, **changes: Any) -> Any:
    """Return what Ansible makes of a text with the role's defaults, what is required, and some changes."""
    loader = DataLoader()
    variables: dict[str, Any] = {"ansible_managed": "Ansible managed"}
    for file in ("defaults/main.yml", "vars/main.yml"):
        variables.update(loader.load_from_file(str(ROLE / file), trusted_as_template=True))
    variables.update({f"mastodon_{key}": value for key, value in {**SECRETS, **NEEDED, **changes}.items()})
    variables["template_folder"] = str(ROLE / "templates")
    return Templar(loader=loader, variables=variables).template(trust_as_template(text))


def render(name: str, **changes: Any) -> str:
    """Return a template of the role."""
    return str(evaluate(f"{{{{ lookup('ansible.builtin.template', template_folder ~ '/{name}') }}}}", **changes))


def compose(**changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(render("compose.yml.j2", **changes))
    return document


@pytest.mark.parametrize("name", sorted(path.name for path in (ROLE / "templates").iterdir()))
def test_the_first_line_says_who_wrote_it(name: str) -> None:
    text = render(name)
    assert text.startswith("#\n# Ansible managed\n#\n")
    assert "SPDX" not in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_services() -> None:
    assert sorted(compose()["services"]) == ["sidekiq-all", "streaming", "tools", "web"]


@pytest.mark.parametrize("service", ["web", "streaming", "sidekiq-all", "tools"])
def test_every_container_is_locked_in(service: str) -> None:
    found = compose(uid=993)["services"][service]
    assert found["network_mode"] == "host"
    assert found["user"] == "993:993"
    assert found["read_only"] is True
    assert found["cap_drop"] == ["ALL"]
    assert found["security_opt"] == ["no-new-privileges:true"]
    assert found["environment"]["BIND"] == "127.0.0.1"
    assert found["logging"] == {"driver": "json-file", "options": {"max-size": "20m", "max-file": "5"}}
    assert not {"ports", "privileged", "cap_add", "devices", "pid", "ipc"} & set(found)


@pytest.mark.parametrize(("service", "seconds"), [("web", 45), ("streaming", 10), ("sidekiq-all", 60)])
def test_every_daemon_is_watched_and_may_end_in_peace(service: str, seconds: int) -> None:
    found = compose()["services"][service]
    assert found["restart"] == "unless-stopped"
    assert found["stop_grace_period"] == f"{seconds}s"
    assert found["healthcheck"]["start_interval"] == "2s"


def test_tools_start_only_when_called() -> None:
    tools = compose()["services"]["tools"]
    assert tools["profiles"] == ["tools"]
    assert not {"restart", "healthcheck", "command"} & set(tools)


def test_ports_are_in_no_environment_but_the_listeners() -> None:
    services = compose(web_port=3001, streaming_port=4001)["services"]
    assert {name: service["environment"].get("PORT") for name, service in services.items()} == {
        "web": "3001",
        "streaming": "4001",
        "sidekiq-all": None,
        "tools": None,
    }
    assert "127.0.0.1:3001/health" in services["web"]["healthcheck"]["test"][1]
    assert "127.0.0.1:4001/api/v1/streaming/health" in services["streaming"]["healthcheck"]["test"][1]


def test_an_ipv6_address_has_brackets_in_urls_only() -> None:
    web = compose(bind_address="fd00::1")["services"]["web"]
    assert web["environment"]["BIND"] == "fd00::1"
    assert "http://[fd00::1]:3000/health" in web["healthcheck"]["test"][1]


def test_images() -> None:
    services = compose(image_registry="registry.example.org:5000", version="4.7.9")["services"]
    assert services["web"]["image"] == "registry.example.org:5000/mastodon/mastodon:v4.7.9"
    assert services["streaming"]["image"] == "registry.example.org:5000/mastodon/mastodon-streaming:v4.7.9"
    assert {services[name]["image"] for name in ("web", "tools", "sidekiq-all")} == {services["web"]["image"]}


def test_sidekiq_processes_are_data() -> None:
    services = compose(
        sidekiq_processes=[
            {"name": "main", "concurrency": 20, "queues": ["default,8", "push"]},
            {"name": "scheduler", "concurrency": 2, "queues": ["scheduler"]},
        ]
    )["services"]
    assert services["sidekiq-main"]["command"] == [
        "bundle",
        "exec",
        "sidekiq",
        "-c",
        "20",
        "-q",
        "default,8",
        "-q",
        "push",
    ]
    assert services["sidekiq-scheduler"]["command"][-2:] == ["-q", "scheduler"]
    assert "sidekiq-all" not in services


def test_a_host_runs_what_it_is_told_to() -> None:
    assert sorted(compose(services=["sidekiq"])["services"]) == ["sidekiq-all", "tools"]
    assert sorted(compose(services=["web", "streaming"])["services"]) == ["streaming", "tools", "web"]
    text = render("compose.yml.j2", services=["sidekiq"])
    assert "3000" not in text
    assert "4000" not in text


def test_one_of_several_hosts_runs_the_scheduler() -> None:
    processes = [
        {"name": "main", "concurrency": 20, "queues": ["default,8", "scheduler,1", "push"]},
        {"name": "cron", "concurrency": 2, "queues": ["scheduler"]},
    ]
    assert {"sidekiq-main", "sidekiq-cron"} < set(compose(sidekiq_processes=processes)["services"])
    others = compose(sidekiq_processes=processes, runs_scheduler=False)["services"]
    assert sorted(others) == ["sidekiq-main", "streaming", "tools", "web"]
    assert others["sidekiq-main"]["command"][-4:] == ["-q", "default,8", "-q", "push"]


@pytest.mark.parametrize("ready", [True, False])
@pytest.mark.parametrize(
    ("processes", "alive"),
    [("sidekiq 8.1.6 mastodon [0 of 10 busy]", True), ("sidekiq 10.0.1 app [0 of 1]", True), ("grep sidekiq", False)],
)
def test_sidekiq_is_healthy_when_it_lives_and_takes_jobs(
    ready: bool, processes: str, alive: bool, tmp_path: Path
) -> None:
    check = compose()["services"]["sidekiq-all"]["healthcheck"]["test"][1]
    # What Compose makes of it.
    assert "$" not in check.replace("$$", "")
    (tmp_path / "tmp").mkdir()
    (tmp_path / "ps").write_text(f"#!/bin/sh\necho '  7 ?  Ssl  0:01 {processes}'\n")
    (tmp_path / "ps").chmod(0o755)
    if ready:
        (tmp_path / "tmp" / "ready").touch()
    known = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "MASTODON_SIDEKIQ_READY_FILENAME": "ready"}
    asked = subprocess.run(["sh", "-c", check.replace("$$", "$")], cwd=tmp_path, env=known, check=False)
    assert (asked.returncode == 0) is (ready and alive)


def test_temporary_files_are_on_disk() -> None:
    services = compose()["services"]
    for name in ("web", "sidekiq-all", "tools"):
        mounts = {mount["target"]: mount for mount in services[name]["volumes"]}
        assert mounts["/tmp"]["source"] == "/var/lib/mastodon/tmp"
        assert mounts["/tmp"]["bind"] == {"create_host_path": False}
        assert services[name]["tmpfs"] == ["/opt/mastodon/tmp:uid=991,gid=991,mode=0700,size=64m"]
    assert not {"volumes", "tmpfs"} & set(services["streaming"])


def test_optional_mounts() -> None:
    def targets(**changes: Any) -> set[str]:
        return {mount["target"] for mount in compose(**changes)["services"]["web"]["volumes"]}

    assert targets() == {"/tmp"}
    assert targets(smtp_enabled=False) - targets() == {"/opt/mastodon/tmp/mails"}
    assert targets(ca_bundle="/etc/ssl/instance.pem") - targets() == {"/etc/ssl/certs/ca-certificates.crt"}


def test_a_database_that_is_known_by_its_certificate() -> None:
    services = compose(db_certificate="-----BEGIN CERTIFICATE-----")["services"]
    mounts = {name: {mount["target"] for mount in services[name]["volumes"]} for name in ("web", "streaming", "tools")}
    assert all("/etc/ssl/certs/mastodon-database.crt" in targets for targets in mounts.values())
    # The same word means "verify" to Node and "do not verify" to libpq, so it must not be in a file that both read.
    assert services["streaming"]["environment"]["DB_SSLMODE"] == "require"
    assert "DB_SSLMODE" not in services["web"]["environment"]
    assert "volumes" not in compose()["services"]["streaming"]


def test_extra_hosts() -> None:
    hosts = {"s3.example.org": "10.8.0.1", "six.example.org": "fd00::1"}
    for service in compose(extra_hosts=hosts)["services"].values():
        assert service["extra_hosts"] == ["s3.example.org=10.8.0.1", "six.example.org=fd00::1"]
    assert "extra_hosts" not in compose()["services"]["web"]


def test_the_media_host_is_told_of_deletions() -> None:
    buster = {"header": "X-Bust-Secret", "secret": "secret-of-the-media-host", "address": "10.8.0.9"}
    given = {"s3_alias_host": "media.example.org/path", "extra_hosts": {"s3.example.org": "10.8.0.1"}}
    found = env_grammar.read(render("app.env.j2", cache_buster=buster, allowed_private_addresses=["10.8.0.2"]))
    assert {name: value for name, value in found.items() if name.startswith("CACHE_BUSTER_")} == {
        "CACHE_BUSTER_ENABLED": "true",
        "CACHE_BUSTER_HTTP_METHOD": "PURGE",
        "CACHE_BUSTER_SECRET_HEADER": "X-Bust-Secret",
        "CACHE_BUSTER_SECRET": "secret-of-the-media-host",
    }
    assert found["ALLOWED_PRIVATE_ADDRESSES"] == "10.8.0.2,10.8.0.9"
    hosts = compose(cache_buster=buster, **given)["services"]["web"]["extra_hosts"]
    assert hosts == ["s3.example.org=10.8.0.1", "media.example.org=10.8.0.9"]


def test_without_a_media_host_that_wants_to_know_nobody_is_told() -> None:
    assert "CACHE_BUSTER" not in render("app.env.j2")
    assert "ALLOWED_PRIVATE_ADDRESSES" not in render("app.env.j2")


def test_streaming_gets_nothing_of_rails() -> None:
    services = compose()["services"]
    assert services["streaming"]["env_file"] == ["/etc/mastodon/common.env"]
    assert services["web"]["env_file"] == ["/etc/mastodon/common.env", "/etc/mastodon/app.env"]
    common = render("common.env.j2")
    shared = {name for name, value in SECRETS.items() if value in common}
    assert shared == {"db_password", "redis_password"}


def test_no_secret_leaves_the_env_files() -> None:
    for name in ("compose.yml.j2", "tmpfiles.conf.j2"):
        assert "secret-" not in render(name)
    assert SECRETS["owner_password"] not in render("common.env.j2") + render("app.env.j2")


ADVERSARIAL = {
    "db_password": "$HOME 'quoted' #x \\ \"y\" `z`",
    "smtp_password": "{{ not_a_template }} {% raw %}",
    "smtp_from_address": "Mastodon für alle <news@example.org>",
    "smtp_enabled": True,
    "web_domain": "example.org",
    "alternate_domains": [],
    "streaming_base_url": "",
    "trusted_proxies": [],
    "extra_env": {"DEFAULT_LOCALE": "de"},
}


@pytest.mark.parametrize("changes", [{}, ADVERSARIAL, {"smtp_enabled": False, "smtp_server": ""}])
@pytest.mark.parametrize("name", ["common.env.j2", "app.env.j2"])
def test_no_value_is_empty(name: str, changes: dict[str, Any]) -> None:
    found = env_grammar.read(render(name, **changes))
    assert [key for key, value in found.items() if not value] == (["S3_PERMISSION"] if name == "app.env.j2" else [])
    assert not [value for value in found.values() if re.fullmatch(r"True|False|None|\[.*\]|\{'.*\}", value)]


def test_what_services_read() -> None:
    common = env_grammar.read(render("common.env.j2", **ADVERSARIAL))
    assert common == {
        "LOCAL_DOMAIN": "example.org",
        "DB_HOST": "db.example.org",
        "DB_PORT": "5432",
        "DB_NAME": "mastodon_production",
        "DB_USER": "mastodon",
        "DB_PASS": ADVERSARIAL["db_password"],
        "REDIS_HOST": "10.8.0.1",
        "REDIS_PORT": "6379",
        "REDIS_USER": "mastodon",
        "REDIS_PASSWORD": "secret-of-redis",
    }
    app = env_grammar.read(render("app.env.j2", **ADVERSARIAL))
    assert app["SMTP_PASSWORD"] == ADVERSARIAL["smtp_password"]
    assert app["SMTP_FROM_ADDRESS"] == "Mastodon für alle <news@example.org>"
    assert app["DEFAULT_LOCALE"] == "de"
    assert app["S3_PROTOCOL"] == "https"
    assert app["S3_ENABLED"] == "true"
    assert app["AWS_REQUEST_CHECKSUM_CALCULATION"] == "when_required"
    assert int(app["S3_RETRY_LIMIT"]) > 0
    forbidden = {"BIND", "PORT", "DB_POOL", "DB_SSLMODE", "SKIP_POST_DEPLOYMENT_MIGRATIONS", "S3_OVERRIDE_PATH_STYLE"}
    assert not forbidden & (set(app) | set(common))


def test_the_store_decides_what_mastodon_is_told_and_the_admin_has_the_last_word() -> None:
    found = env_grammar.read(render("app.env.j2", s3_kind="aws", extra_env={"S3_RETRY_LIMIT": 9}))
    assert found["S3_OVERRIDE_PATH_STYLE"] == "true"
    assert found["AWS_REQUEST_CHECKSUM_CALCULATION"] == "when_supported"
    assert found["S3_RETRY_LIMIT"] == "9"


def test_web_domain_only_when_it_differs() -> None:
    found = env_grammar.read(render("common.env.j2", web_domain="social.example.org"))
    assert found["WEB_DOMAIN"] == "social.example.org"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"SMTP_ENABLE_STARTTLS": "always", "SMTP_TLS": "false", "SMTP_AUTH_METHOD": "plain"}),
        ({"smtp_tls": True}, {"SMTP_ENABLE_STARTTLS": "never", "SMTP_TLS": "true"}),
        ({"smtp_login": ""}, {"SMTP_AUTH_METHOD": "none"}),
        ({"smtp_enabled": False}, {"SMTP_DELIVERY_METHOD": "file", "SMTP_SERVER": None, "SMTP_PASSWORD": None}),
    ],
)
def test_mail(changes: dict[str, Any], expected: dict[str, str | None]) -> None:
    found = env_grammar.read(render("app.env.j2", **changes))
    assert {name: found.get(name) for name in expected} == expected


def test_lists_are_joined() -> None:
    found = env_grammar.read(render("common.env.j2", trusted_proxies=["10.8.0.1", "10.8.1.0/24"]))
    assert found["TRUSTED_PROXY_IP"] == "10.8.0.1,10.8.1.0/24"


def test_temporary_directory_is_the_apps_and_is_cleaned() -> None:
    lines = [line.split() for line in render("tmpfiles.conf.j2", uid=993, smtp_enabled=False).splitlines()]
    assert ["d", "/var/lib/mastodon/tmp", "0700", "993", "993", "3d"] in lines
    assert ["d", "/var/lib/mastodon/tmp/mails", "0700", "993", "993", "7d"] in lines
    assert ["d", "/etc/mastodon", "0750", "root", "root", "-"] in lines
    assert ["d", "/var/lib/mastodon", "0700", "root", "root", "-"] in lines


def test_the_engine_keeps_its_hands_off_the_network_and_lets_containers_live() -> None:
    assert evaluate("{{ __mastodon_daemon_config }}") == {
        "bridge": "none",
        "iptables": False,
        "ip6tables": False,
        "userland-proxy": False,
        "live-restore": True,
        "no-new-privileges": True,
        "log-driver": "json-file",
        "log-opts": {"max-size": "20m", "max-file": "5"},
    }
    changed = evaluate("{{ __mastodon_daemon_config }}", engine_options={"log-opts": {"max-file": "2"}, "debug": True})
    assert (changed["log-opts"], changed["debug"]) == ({"max-size": "20m", "max-file": "2"}, True)
