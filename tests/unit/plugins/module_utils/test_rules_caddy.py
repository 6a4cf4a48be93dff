# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each rule of role caddy finds its fault, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _rules_caddy, _rules_caddy_sites

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
INSTANCE: dict[str, Any] = {
    "name": "instance",
    "kind": "instance",
    "hosts": ["social.net"],
    "web_upstreams": ["127.0.0.1:3000"],
    "streaming_upstreams": ["[fd00::1]:4000"],
}
MEDIA: dict[str, Any] = {
    "name": "media",
    "kind": "media",
    "hosts": ["media.social.net", "old.social.net"],
    "upstreams": ["tempo:8080"],
}
STORE: dict[str, Any] = {
    "name": "s3",
    "kind": "s3",
    "hosts": ["s3.social.net"],
    "upstreams": ["127.0.0.1:9000"],
    "bucket": "mastodon-media",
    "writers": ["127.0.0.1/32", "fd00::/64"],
}
HANDLES: dict[str, Any] = {"name": "handles", "kind": "handles", "hosts": ["social.org"], "to": "https://social.net"}
STATIC: dict[str, Any] = {"name": "status", "kind": "static", "hosts": ["status.social.net"], "root": "/srv/status"}
DNS: dict[str, Any] = {"provider": "rfc2136", "options": {"server": "192.0.2.1:53", "key": "c2VjcmV0+/=="}}
REDIRECT: dict[str, Any] = {"name": "www", "kind": "redirect", "hosts": ["www.social.net"], "to": "https://social.net"}
GOOD: dict[str, Any] = {
    "caddy_url": "https://example.org/caddy.tar.gz",
    "caddy_checksum": "sha512:" + "a" * 128,
    "caddy_member": "caddy",
    "caddy_sites": [INSTANCE, MEDIA, STORE, REDIRECT, HANDLES, STATIC],
    "caddy_tls_issuer": "acme",
    "caddy_acme_email": "admin@social.net",
    "caddy_acme_directory": "",
    "caddy_acme_ca_root": "",
    "caddy_acme_dns": {},
    "caddy_renew_interval": "10m",
    "caddy_distribution": "release",
    "caddy_binary": "/usr/bin/caddy",
    "caddy_assets_keep": 3,
    "caddy_internal_root_certificate": "",
    "caddy_internal_root_key": "",
    "caddy_tls_files": [],
    "caddy_trusted_proxies": ["192.0.2.0/24"],
    "caddy_upload_max": "110MB",
    "caddy_page_seconds": 10,
    "caddy_response_timeout": "120s",
    "caddy_drain_time": "5m",
    "caddy_log_keep_days": 7,
    "ansible_facts": {"distribution": "Debian", "distribution_major_version": "13"},
}
PAIR = {"certificate": "/etc/ssl/a.pem", "key": "/etc/ssl/a.key"}
RULES = {rule.__name__: rule for rule in _rules_caddy.RULES}


def faults(rule: str, **variables: Any) -> list[str]:
    """Return the variables at fault by one rule; each fault must say what to do."""
    found = list(RULES[rule]({**GOOD, **variables}))
    assert all(fault.fault and fault.cure and fault.variable for fault in found)
    return [fault.variable for fault in found]


def site(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return variables with one site, changed."""
    return {"caddy_sites": [{**base, **changes}]}


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"caddy_member": ""},
        {"caddy_url": "file:///srv/caddy", "caddy_checksum": "sha256:" + "0" * 64},
        {"caddy_tls_issuer": "internal"},
        {"caddy_tls_issuer": "files", "caddy_tls_files": [PAIR]},
        {
            "caddy_tls_issuer": "internal",
            "caddy_internal_root_certificate": "/a.crt",
            "caddy_internal_root_key": "/a.key",
        },
        {
            "caddy_tls_issuer": "acme",
            "caddy_acme_directory": "https://acme.test/dir",
            **site(INSTANCE, hosts=["a.test"]),
        },
        {"caddy_upload_max": "100MiB"},
        {"caddy_distribution": "present", "caddy_url": "", "caddy_checksum": ""},
        {"caddy_acme_directory": "https://acme.test/dir", "caddy_acme_ca_root": "/etc/ssl/acme.pem"},
        {"caddy_acme_dns": DNS},
        {"caddy_acme_dns": {**DNS, "resolvers": ["192.0.2.1", "[2001:db8::1]:5353"]}},
        site(INSTANCE, hosts=["origin.internal"], tls=PAIR),
        site(STORE, upstream_tls=True, upstream_certificates=PEM * 2),
        site(STORE, upstream_tls=True),
        site(MEDIA, purge=True),
        site(INSTANCE, system_redirect="https://media.social.net"),
        site(INSTANCE, origin={"hosts": ["origin.social.net"]}),
        site(INSTANCE, origin={"hosts": ["origin.internal"], "tls": PAIR}),
        site(INSTANCE, hosts=["social.internal"], tls=PAIR, origin={"hosts": ["o.internal"], "internal": True}),
        {
            "caddy_internal_root_certificate": "/a.crt",
            "caddy_internal_root_key": "/a.key",
            **site(INSTANCE, origin={"hosts": ["origin.internal"], "internal": True}),
        },
        {"caddy_page_seconds": 60, "caddy_response_timeout": "1m"},
        site(HANDLES, website="https://blog.social.org"),
        site(REDIRECT, to="https://social.net/about"),
        {"ansible_facts": {}},
    ],
)
def test_good_values(variables: dict[str, Any]) -> None:
    assert {name: faults(name, **variables) for name in RULES} == {name: [] for name in RULES}


@pytest.mark.parametrize(
    ("rule", "variables"),
    [
        ("platform", {"ansible_facts": {"distribution": "Debian", "distribution_major_version": "11"}}),
        ("platform", {"ansible_facts": {"distribution": "Ubuntu", "distribution_major_version": "24"}}),
        ("distribution_is_known", {"caddy_distribution": "debian"}),
        ("distribution_is_known", {"caddy_distribution": "present", "caddy_binary": "caddy"}),
        ("acme_authority_is_trusted", {"caddy_acme_ca_root": "/etc/ssl/acme.pem"}),
        ("acme_authority_is_trusted", {"caddy_acme_ca_root": "a.pem", "caddy_acme_directory": "https://acme.test/dir"}),
        (
            "acme_authority_is_trusted",
            {
                "caddy_acme_ca_root": "/a.pem",
                "caddy_acme_directory": "https://acme.test/dir",
                "caddy_tls_issuer": "internal",
            },
        ),
        ("acme_dns_is_plain", {"caddy_acme_dns": {**DNS, "provider": "Cloud Flare"}}),
        ("acme_dns_is_plain", {"caddy_acme_dns": {**DNS, "options": {}}}),
        ("acme_dns_is_plain", {"caddy_acme_dns": {**DNS, "options": {"api token": "x"}}}),
        ("acme_dns_is_plain", {"caddy_acme_dns": {**DNS, "options": {"token": "a b"}}}),
        ("acme_dns_is_plain", {"caddy_acme_dns": {**DNS, "options": {"token": "a\nB=c"}}}),
        ("acme_dns_is_plain", {"caddy_acme_dns": {**DNS, "options": {"token": "a\n"}}}),
        ("acme_dns_is_plain", {"caddy_acme_dns": {**DNS, "options": {"token": ""}}}),
        ("acme_dns_is_plain", {"caddy_acme_dns": {**DNS, "options": {"token": None}}}),
        ("acme_dns_is_plain", {"caddy_acme_dns": {**DNS, "options": {"token": "$HOME"}}}),
        ("acme_dns_is_plain", {"caddy_acme_dns": {**DNS, "resolvers": ["http://192.0.2.1"]}}),
        ("acme_dns_is_plain", {"caddy_acme_dns": DNS, "caddy_tls_issuer": "internal"}),
        ("durations_are_durations", {"caddy_renew_interval": 600}),
        ("assets_are_few", {"caddy_assets_keep": 0}),
        ("assets_are_few", {"caddy_assets_keep": "3"}),
        ("own_certificates_are_whole", site(INSTANCE, tls={"certificate": "/a.pem"})),
        ("own_certificates_are_whole", site(INSTANCE, tls="/a.pem")),
        ("stores_can_be_verified", site(STORE, upstream_certificates=PEM)),
        ("stores_can_be_verified", site(STORE, upstream_tls=True, upstream_certificates="/etc/ssl/store.crt")),
        ("stores_can_be_verified", site(MEDIA, upstream_tls=True)),
        ("only_media_are_purged", site(STORE, purge=True)),
        ("directories_are_public", site(STATIC, root="/home/alice/status")),
        ("directories_are_public", site(STATIC, root="/tmp")),
        ("directories_are_public", site(STATIC, root="srv")),
        ("kinds_have_what_they_need", site(STATIC, root="")),
        ("kinds_have_what_they_need", site(HANDLES, to="")),
        ("redirects_lead_elsewhere", site(HANDLES, website="https://social.org")),
        ("redirects_lead_elsewhere", site(INSTANCE, system_redirect="https://media.social.net/")),
        ("release_is_pinned", {"caddy_url": ""}),
        ("release_is_pinned", {"caddy_url": "https://example.org"}),
        ("release_is_pinned", {"caddy_checksum": ""}),
        ("release_is_pinned", {"caddy_checksum": "sha256:" + "a" * 63}),
        ("release_is_pinned", {"caddy_member": "../caddy"}),
        ("issuer_is_known", {"caddy_tls_issuer": "letsencrypt"}),
        ("files_are_named", {"caddy_tls_issuer": "files"}),
        ("files_are_named", {"caddy_tls_files": [PAIR]}),
        ("files_are_named", {"caddy_tls_issuer": "files", "caddy_tls_files": [{"certificate": "/a.pem"}]}),
        ("files_are_named", {"caddy_tls_issuer": "files", "caddy_tls_files": [{**PAIR, "key": "a.key"}]}),
        ("internal_root_is_whole", {"caddy_tls_issuer": "internal", "caddy_internal_root_key": "/a.key"}),
        ("internal_root_is_whole", {"caddy_tls_issuer": "internal", "caddy_internal_root_certificate": "/a.crt"}),
        ("internal_root_is_whole", {"caddy_internal_root_certificate": "/a.crt", "caddy_internal_root_key": "/a.key"}),
        (
            "internal_root_is_whole",
            {
                "caddy_tls_issuer": "internal",
                "caddy_internal_root_certificate": "a.crt",
                "caddy_internal_root_key": "/a.key",
            },
        ),
        ("acme_can_answer", site(INSTANCE, hosts=["mastodon.localhost"])),
        ("acme_can_answer", site(MEDIA, hosts=["media.social.net", "media.home.arpa"])),
        ("acme_account_is_reachable", {"caddy_acme_email": "admin"}),
        ("acme_account_is_reachable", {"caddy_acme_directory": "http://acme.example/dir"}),
        ("uploads_fit", {"caddy_upload_max": "99MB"}),
        ("uploads_fit", {"caddy_upload_max": "99MiB"}),
        ("uploads_fit", {"caddy_upload_max": 110_000_000}),
        ("durations_are_durations", {"caddy_response_timeout": 120}),
        ("durations_are_durations", {"caddy_drain_time": "1 day"}),
        ("pages_come_before_the_rest", {"caddy_page_seconds": 2}),
        ("pages_come_before_the_rest", {"caddy_page_seconds": "10"}),
        ("pages_come_before_the_rest", {"caddy_page_seconds": True}),
        ("pages_come_before_the_rest", {"caddy_page_seconds": 61, "caddy_response_timeout": "1m"}),
        ("origins_are_whole", site(INSTANCE, origin={})),
        ("origins_are_whole", site(INSTANCE, origin="origin.social.net")),
        ("origins_are_whole", site(INSTANCE, origin={"hosts": ["o.social.net"], "tls": {"certificate": "/a.pem"}})),
        ("origins_are_whole", site(INSTANCE, origin={"hosts": ["o.social.net"], "tls": PAIR, "internal": True})),
        (
            "cdns_may_speak_for_visitors",
            {"caddy_trusted_proxies": [], **site(INSTANCE, origin={"hosts": ["o.social.net"]})},
        ),
        ("acme_can_answer", site(INSTANCE, origin={"hosts": ["origin.internal"]})),
        ("hosts_are_domains", site(INSTANCE, origin={"hosts": ["*.social.net"]})),
        ("hosts_belong_to_one_site", site(INSTANCE, origin={"hosts": ["social.net"]})),
        ("redirects_lead_elsewhere", site(REDIRECT, to="https://o.net/x", origin={"hosts": ["o.net"]})),
        ("log_is_forgotten", {"caddy_log_keep_days": 0}),
        ("log_is_forgotten", {"caddy_log_keep_days": "7"}),
        ("log_is_forgotten", {"caddy_log_keep_days": True}),
        ("trusted_proxies_are_few", {"caddy_trusted_proxies": ["0.0.0.0/0"]}),
        ("trusted_proxies_are_few", {"caddy_trusted_proxies": ["::/0"]}),
        ("trusted_proxies_are_few", {"caddy_trusted_proxies": ["cdn.example"]}),
        ("sites_are_listed", {"caddy_sites": []}),
        ("sites_are_listed", {"caddy_sites": [INSTANCE, "media"]}),
        ("names_tell_sites_apart", site(INSTANCE, name="")),
        ("names_tell_sites_apart", site(INSTANCE, name="two words")),
        ("names_tell_sites_apart", {"caddy_sites": [INSTANCE, {**MEDIA, "name": "instance"}]}),
        ("kinds_are_known", site(INSTANCE, kind="app")),
        ("kinds_are_known", site(INSTANCE, kind=None)),
        ("sites_have_hosts", site(MEDIA, hosts=[])),
        ("hosts_are_domains", site(MEDIA, hosts=["https://media.social.net"])),
        ("hosts_are_domains", site(MEDIA, hosts=["Media.social.net"])),
        ("hosts_are_domains", site(MEDIA, hosts=["media_1.social.net"])),
        ("hosts_are_domains", site(MEDIA, hosts=["*.social.net"])),
        ("hosts_are_domains", site(MEDIA, hosts=["media.social.net {"])),
        ("hosts_belong_to_one_site", {"caddy_sites": [INSTANCE, {**MEDIA, "hosts": ["social.net"]}]}),
        ("kinds_have_what_they_need", site(INSTANCE, streaming_upstreams=[])),
        ("kinds_have_what_they_need", site(MEDIA, upstreams=None)),
        ("kinds_have_what_they_need", site(STORE, writers=[])),
        ("kinds_have_what_they_need", site(STORE, bucket="")),
        ("kinds_have_what_they_need", site(REDIRECT, to="")),
        ("upstreams_are_endpoints", site(INSTANCE, web_upstreams=["127.0.0.1"])),
        ("upstreams_are_endpoints", site(INSTANCE, streaming_upstreams=["http://127.0.0.1:4000"])),
        ("upstreams_are_endpoints", site(MEDIA, upstreams=["0.0.0.0:8080"])),
        ("upstreams_are_endpoints", site(MEDIA, upstreams=["127.0.0.1:99999"])),
        ("writers_are_few", site(STORE, writers=["0.0.0.0/0"])),
        ("writers_are_few", site(STORE, writers=["10.0.0.1/8"])),
        ("writers_are_few", site(STORE, writers=["parasect"])),
        ("bucket_is_a_bucket", site(STORE, bucket="a/b")),
        ("bucket_is_a_bucket", site(STORE, bucket="Ab")),
        ("redirects_lead_elsewhere", site(REDIRECT, to="social.net")),
        ("redirects_lead_elsewhere", site(REDIRECT, to="http://social.net")),
        ("redirects_lead_elsewhere", site(REDIRECT, to="https://social.net/")),
        ("redirects_lead_elsewhere", site(REDIRECT, to="https://social.net/{env.SECRET}")),
        ("redirects_lead_elsewhere", site(REDIRECT, to="https://www.social.net/about")),
    ],
)
def test_faults(rule: str, variables: dict[str, Any]) -> None:
    assert len(faults(rule, **variables)) == 1


def test_every_rule_has_a_failing_case() -> None:
    cases = {case[0] for mark in test_faults.pytestmark for case in mark.args[1]}  # type: ignore[attr-defined]  # pytest adds it
    assert cases == set(RULES)


def test_a_url_with_a_password_is_not_repeated() -> None:
    found = list(RULES["release_is_pinned"]({**GOOD, "caddy_url": "ftp://user:password@mirror/caddy"}))
    assert found
    assert "password" not in f"{found[0].fault}{found[0].cure}"


@pytest.mark.parametrize("junk", [None, 7, "text", [None, 7, "text", {}], [{"hosts": 7, "kind": [], "name": {}}], {}])
def test_junk_never_raises(junk: Any) -> None:
    for rule in RULES.values():
        list(rule(dict.fromkeys(GOOD, junk)))
        list(rule({_rules_caddy_sites.VARIABLE: junk}))
        list(rule({}))


def test_no_fault_repeats_what_a_dns_provider_is_told() -> None:
    found = list(
        _rules_caddy.acme_dns_is_plain({"caddy_acme_dns": {"provider": "x", "options": {"token": "hunter 2"}}})
    )
    assert len(found) == 1
    assert "hunter" not in repr(found)
