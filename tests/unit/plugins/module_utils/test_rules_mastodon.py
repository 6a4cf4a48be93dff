# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every rule of role mastodon has an inventory that it refuses, and one good inventory passes all of them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.fediops.mastodon.plugins.module_utils import _mastodon_connections, _rules_mastodon
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[4]
DEFAULTS: dict[str, Any] = yaml.safe_load((ROOT / "roles/mastodon/defaults/main.yml").read_text())
KEY = "Abcdefgh01234567Abcdefgh0123456"
GOOD: dict[str, Any] = {
    **{name: value for name, value in DEFAULTS.items() if "{{" not in str(value)},
    "ansible_facts": {"distribution": "Debian", "distribution_major_version": "13"},
    "mastodon_image": "ghcr.io/mastodon/mastodon",
    "mastodon_streaming_image": "registry.example.org:5000/mastodon/mastodon-streaming",
    "mastodon_local_domain": "example.org",
    "mastodon_web_domain": "social.example.org",
    "mastodon_db_host": "127.0.0.1",
    "mastodon_db_password": "correct-horse-battery",
    "mastodon_redis_host": "redis.example.org",
    "mastodon_redis_password": "correct-horse-battery",
    "mastodon_s3_endpoint": "https://s3.example.org",
    "mastodon_s3_bucket": "mastodon-media",
    "mastodon_s3_access_key": "AKIA0123456789",
    "mastodon_s3_secret_key": "correct-horse-battery",
    "mastodon_s3_alias_host": "media.example.org/files",
    "mastodon_s3_hostname": "s3.example.org",
    "mastodon_secret_key_base": "0123456789abcdef" * 8,
    "mastodon_active_record_encryption_primary_key": KEY + "1",
    "mastodon_active_record_encryption_deterministic_key": KEY + "2",
    "mastodon_active_record_encryption_key_derivation_salt": KEY + "3",
    "mastodon_vapid_private_key": base64.urlsafe_b64encode(bytes(range(32))).decode(),
    "mastodon_vapid_public_key": base64.urlsafe_b64encode(b"\x04" + bytes(range(64))).decode(),
    "mastodon_owner_username": "alice",
    "mastodon_owner_email": "alice@example.org",
    "mastodon_owner_password": "correct-horse-battery",
    "mastodon_smtp_server": "mail.example.org",
    "mastodon_smtp_starttls": "always",
    "mastodon_smtp_from_address": "Mastodon <notifications@example.org>",
}
ALL_QUEUES = ["default", "push", "ingress", "mailers", "pull", "scheduler", "fasp"]

BUSTER = {"header": "X-Bust-Secret", "secret": "Abc_=-0123456789"}


def faults(**changes: Any) -> list[Fault]:
    """The faults of the good inventory with some variables changed."""
    variables = {**GOOD, **{f"mastodon_{name}": value for name, value in changes.items()}}
    return [fault for rule in _rules_mastodon.RULES for fault in rule(variables)]


def process(name: str = "all", queues: Any = None, concurrency: Any = 5) -> dict[str, Any]:
    return {"name": name, "concurrency": concurrency, "queues": ALL_QUEUES if queues is None else queues}


def test_a_good_inventory_has_no_fault() -> None:
    assert faults() == []


def test_what_may_be_set_beside_it_has_none_either() -> None:
    assert (
        faults(
            extra_hosts={"s3.example.org": "10.8.0.1", "mail": "fd00::1"},
            trusted_proxies=["10.8.0.2", "fd00::/64"],
            allowed_private_addresses=["10.8.0.1/32"],
            log_level="debug",
            cache_buster={"header": "X-Bust-Secret", "secret": "Abc_=-0123456789", "address": "10.8.0.1"},
            sidekiq_processes=[process("jobs", ALL_QUEUES[:5]), process("rest", ["fasp", "default,3", "scheduler"], 1)],
        )
        == []
    )


def test_there_are_enough_rules_and_each_says_why() -> None:
    assert len(_rules_mastodon.RULES) >= 25
    assert all(rule.__doc__ for rule in _rules_mastodon.RULES)


@pytest.mark.parametrize(
    ("changes", "variable", "words"),
    [
        ({"version": "4.7"}, "version", "full version"),
        ({"version": "v4.7.6"}, "version", "full version"),
        ({"version": 4.7}, "version", "full version"),
        ({"version": "4.8.0"}, "version", "series 4.8"),
        ({"version": "4.3.20"}, "version", "series 4.3"),
        ({"image_registry": "https://ghcr.io"}, "image_registry", "registry"),
        ({"image": "ghcr.io/mastodon/mastodon:v4.7.6"}, "image", "without a tag"),
        ({"streaming_image": "ghcr.io/mastodon/mastodon-streaming@sha256:0"}, "streaming_image", "without a tag"),
        ({"local_domain": "https://example.org"}, "local_domain", "domain name"),
        ({"local_domain": "Example.org"}, "local_domain", "small letters"),
        ({"local_domain": "localhost"}, "local_domain", "full domain"),
        ({"web_domain": "social.example.org:443"}, "web_domain", "domain name"),
        ({"alternate_domains": ["ok.example.org", "not ok"]}, "alternate_domains", "not ok"),
        ({"secret_key_base": "a" * 127}, "secret_key_base", "128"),
        ({"active_record_encryption_primary_key": "short"}, "active_record_encryption_primary_key", "32 letters"),
        ({"active_record_encryption_primary_key": KEY + "2"}, "active_record_encryption_primary_key", "equal"),
        ({"vapid_private_key": "AAAA"}, "vapid_private_key", "32 bytes"),
        ({"vapid_private_key": "not base64!"}, "vapid_private_key", "32 bytes"),
        ({"vapid_public_key": base64.urlsafe_b64encode(bytes(65)).decode()}, "vapid_public_key", "65 bytes"),
        ({"db_password": "changeme"}, "db_password", "placeholder"),
        ({"db_password": ""}, "db_password", "empty"),
        ({"db_password": None}, "db_password", "empty"),
        ({"owner_password": "xxxxxxxxxxxxxxxx"}, "owner_password", "placeholder"),
        ({"owner_username": "alice@example.org"}, "owner_username", "name that an account"),
        ({"owner_username": "a" * 31}, "owner_username", "name that an account"),
        ({"owner_email": "alice"}, "owner_email", "e-mail"),
        ({"owner_email": "alice@localhost"}, "owner_email", "e-mail"),
        ({"owner_password": "short-one"}, "owner_password", "12 to 72"),
        ({"owner_password": "é" * 40}, "owner_password", "12 to 72"),
        ({"uid": 0}, "uid", "100 to 59999"),
        ({"uid": "991"}, "uid", "100 to 59999"),
        ({"uid": 65534}, "uid", "100 to 59999"),
        ({"sidekiq_processes": []}, "sidekiq_processes", "0 processes"),
        ({"sidekiq_processes": [process("a"), process("b")]}, "sidekiq_processes", "2 processes"),
        ({"sidekiq_processes": [process(queues=["scheduler", "default,8", "push"])]}, "sidekiq_processes", "ingress"),
        ({"sidekiq_processes": [process(queues=[*ALL_QUEUES, "typo,2"])]}, "sidekiq_processes", "no queue typo"),
        ({"sidekiq_processes": [process("a"), process("a", ["default"])]}, "sidekiq_processes", "twice"),
        (
            {"sidekiq_processes": [process(queues=["scheduler"])], "runs_scheduler": False},
            "sidekiq_processes",
            "is left",
        ),
        ({"services": ["sidekiq"], "sidekiq_processes": []}, "sidekiq_processes", "no process is left"),
        ({"db_certificate": "/etc/ssl/database.crt"}, "db_certificate", "PEM"),
        ({"services": []}, "services", "none of Mastodon's services"),
        ({"host_count": 0}, "host_count", "number of hosts"),
        ({"sidekiq_processes": [process("All of them")]}, "sidekiq_processes", "name for a service"),
        ({"sidekiq_processes": [process(concurrency=50)]}, "sidekiq_processes", "threads"),
        ({"web_threads": 0}, "web_threads", "threads"),
        ({"web_processes": "2"}, "web_processes", "processes"),
        ({"tmp_size": "4 GB"}, "tmp_size", "size"),
        ({"ca_bundle": "ca.pem"}, "ca_bundle", "absolute path"),
        ({"extra_env": {"SECRET_KEY_BASE_DUMMY": "1"}}, "extra_env", "random ones"),
        ({"extra_env": {"SKIP_POST_DEPLOYMENT_MIGRATIONS": "false"}}, "extra_env", "for ever"),
        ({"extra_env": {"REDIS_NAMESPACE": "x"}}, "extra_env", "refuses to start"),
        ({"extra_env": {"SELF_DESTRUCT": "x"}}, "extra_env", "must not be set"),
        ({"extra_env": {"DB_POOL": "20"}}, "extra_env", "belongs to the role"),
        ({"extra_env": {"S3_ALIAS_HOST": "x"}}, "extra_env", "belongs to the role"),
        ({"extra_env": {"AWS_PROFILE": "x"}}, "extra_env", "belongs to the role"),
        ({"extra_env": {"AUTHORIZED_FETCH": ""}}, "extra_env", "empty"),
        ({"extra_env": {"MOTD": "two\nlines"}}, "extra_env", "line break"),
        ({"db_host": "postgres://db"}, "db_host", "name or address"),
        ({"db_host": ""}, "db_host", "name or address"),
        ({"redis_host": "fd00::1"}, "redis_host", "IPv6"),
        ({"web_port": 80}, "web_port", "1024"),
        ({"streaming_port": 3000}, "streaming_port", "same port"),
        ({"db_port": "5432"}, "db_port", "port"),
        ({"db_user": "mastodon: x"}, "db_user", "YAML"),
        ({"db_name": "true"}, "db_name", "YAML"),
        ({"db_name": "2026"}, "db_name", "YAML"),
        ({"db_password": "ends-with-a-backslash\\"}, "db_password", "backslash"),
        ({"redis_password": "per%20cent-and-more"}, "redis_password", "URL"),
        ({"s3_endpoint": "s3.example.org"}, "s3_endpoint", "URL"),
        ({"s3_endpoint": "https://s3.example.org/bucket"}, "s3_endpoint", "URL"),
        ({"s3_alias_host": "https://media.example.org"}, "s3_alias_host", "host name"),
        ({"s3_hostname": ""}, "s3_hostname", "host name"),
        ({"extra_media_hosts": ["https://ok.net", "files.net"]}, "extra_media_hosts", "files.net"),
        ({"extra_media_hosts": ["https://files.net/x"]}, "extra_media_hosts", "URL"),
        ({"s3_bucket": "My_Bucket"}, "s3_bucket", "bucket"),
        ({"s3_kind": "s3"}, "s3_kind", "no kind of store"),
        ({"s3_kind": None}, "s3_kind", "no kind of store"),
        ({"s3_endpoint": "https://s3.us-east-1.wasabisys.com"}, "s3_kind", "Wasabi"),
        ({"s3_kind": "b2", "s3_endpoint": "https://s3.us-east-1.amazonaws.com"}, "s3_kind", "Amazon"),
        ({"s3_kind": "aws", "s3_endpoint": "https://s3.eu-west-1.amazonaws.com"}, "s3_region", "eu-west-1"),
        ({"s3_kind": "minio", "s3_permission": "public-read"}, "s3_permission", "known not to have acl"),
        ({"smtp_server": ""}, "smtp_server", "neither set up nor switched off"),
        ({"smtp_starttls": "yes"}, "smtp_starttls", "not known"),
        ({"smtp_tls": True}, "smtp_tls", "exclude each other"),
        ({"smtp_login": "alice"}, "smtp_password", "only one"),
        ({"smtp_password": "sesame-open-up"}, "smtp_login", "only one"),
        ({"smtp_login": "a", "smtp_password": "b", "smtp_auth_method": "none"}, "smtp_auth_method", "there is a login"),
        ({"smtp_from_address": "notifications"}, "smtp_from_address", "e-mail"),
        ({"smtp_from_address": "News: all <a@example.org>"}, "smtp_from_address", "e-mail"),
        ({"bind_address": "0.0.0.0"}, "bind_address", "plain HTTP"),
        ({"bind_address": "::"}, "bind_address", "plain HTTP"),
        ({"bind_address": "localhost"}, "bind_address", "IP address"),
        ({"trusted_proxies": ["proxy.example.org"]}, "trusted_proxies", "address or a network"),
        ({"trusted_proxies": ["0.0.0.0/0"]}, "trusted_proxies", "every address"),
        ({"allowed_private_addresses": ["10.0.0.1/8"]}, "allowed_private_addresses", "address or a network"),
        ({"extra_hosts": {"s3.example.org": "s3"}}, "extra_hosts", "IP address"),
        ({"log_level": "verbose"}, "log_level", "log level"),
        ({"cache_buster": {**BUSTER, "header": "X Bust"}}, "cache_buster", "name of a header"),
        ({"cache_buster": {"secret": BUSTER["secret"]}}, "cache_buster", "name of a header"),
        ({"cache_buster": {**BUSTER, "secret": "short"}}, "cache_buster", "16 to 128"),
        ({"cache_buster": {"header": "X-Bust-Secret"}}, "cache_buster", "16 to 128"),
        ({"cache_buster": {**BUSTER, "address": "media.example.org"}}, "cache_buster", "not an IP address"),
        ({"cache_buster": {**BUSTER, "address": "127.0.0.1"}}, "cache_buster", "app's own host"),
        ({"cache_buster": {**BUSTER, "address": "::1"}}, "cache_buster", "app's own host"),
        ({"extra_env": {"CACHE_BUSTER_ENABLED": "true"}}, "extra_env", "belongs to the role"),
    ],
)
def test_refused(changes: dict[str, Any], variable: str, words: str) -> None:
    found = faults(**changes)
    assert any(fault.variable == f"mastodon_{variable}" and words in fault.fault for fault in found), found
    assert all(fault.cure for fault in found)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "4.6.99"},
        {"smtp_enabled": False, "smtp_server": ""},
        {"smtp_tls": True, "smtp_starttls": "never", "smtp_port": 465},
        {"smtp_login": "", "smtp_password": "", "smtp_auth_method": "none"},
        {"vapid_private_key": base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("=")},
        {"bind_address": "fd00::1"},
        {"trusted_proxies": ["10.8.0.0/24", "fd00::1"]},
        {"extra_env": {"DEFAULT_LOCALE": "de", "UPDATE_CHECK_URL": "", "S3_MULTIPART_THRESHOLD": 1000000}},
        {"sidekiq_processes": [process("main", [*ALL_QUEUES[:5], "fasp"]), process("scheduler", ["scheduler"], 2)]},
        {"tmp_size": ""},
        {"db_host": "db-1"},
        {"services": ["web"], "sidekiq_processes": []},
        {"runs_scheduler": False, "host_count": 2},
        {"sidekiq_processes": [process(queues=["push,3", "scheduler"])], "host_count": "3"},
    ],
)
def test_accepted(changes: dict[str, Any]) -> None:
    assert faults(**changes) == []


@pytest.mark.parametrize(
    ("facts", "engine", "refused"),
    [
        ({"distribution": "Debian", "distribution_major_version": "12"}, "distribution", True),
        ({"distribution": "Debian", "distribution_major_version": "12"}, "docker_ce", False),
        ({"distribution": "Debian", "distribution_major_version": "13"}, "distribution", False),
        ({"distribution": "Ubuntu", "distribution_major_version": "24"}, "docker_ce", True),
        ({}, "distribution", False),
    ],
)
def test_platforms(facts: dict[str, str], engine: str, refused: bool) -> None:
    variables = {**GOOD, "ansible_facts": facts, "mastodon_engine": engine}
    found = [fault.variable for rule in _rules_mastodon.RULES for fault in rule(variables)]
    assert found == (["mastodon_engine"] if refused else [])


SECRET_NAMES = [*_rules_mastodon.SECRETS, "mastodon_s3_access_key", "mastodon_smtp_password"]


@pytest.mark.parametrize("name", SECRET_NAMES)
@pytest.mark.parametrize("value", ["zz-changeme-zz", "zz\\", "zz\nzz", "zz%zz zz"])
def test_no_fault_shows_a_secret(name: str, value: str) -> None:
    for fault in faults(**{name.removeprefix("mastodon_"): value}):
        assert "zz" not in fault.fault + fault.cure


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from([*_rules_mastodon.RULES]), st.sampled_from(sorted(GOOD)), ANYTHING)
def test_no_rule_raises(rule: Callable[[dict[str, Any]], Any], name: str, value: Any) -> None:
    assert all(isinstance(fault, Fault) for fault in rule({**GOOD, name: value}))


@pytest.mark.parametrize("rule", _rules_mastodon.RULES, ids=lambda rule: rule.__name__)
def test_absent_variables_are_somebody_elses_fault(rule: Callable[[dict[str, Any]], Any]) -> None:
    """The argument specification says what is required."""
    assert list(rule({})) == []


def test_email() -> None:
    assert _mastodon_connections.is_email("a.b+c@example.org")
    assert not any(map(_mastodon_connections.is_email, ["", None, "a@b@c.org", "a b@example.org", "@example.org"]))
