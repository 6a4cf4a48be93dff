# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role caddy writes, rendered by Ansible itself and read back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rendering import Block, read_caddyfile, render

INSTANCE = {
    "name": "instance",
    "kind": "instance",
    "hosts": ["social.net"],
    "web_upstreams": ["10.0.0.1:3000"],
    "streaming_upstreams": ["10.0.0.1:4000"],
}
MEDIA = {
    "name": "media",
    "kind": "media",
    "hosts": ["media.social.net", "old.social.net"],
    "upstreams": ["10.0.0.2:8080"],
}
STORE = {
    "name": "s3",
    "kind": "s3",
    "hosts": ["s3.social.net"],
    "upstreams": ["10.0.0.2:9000"],
    "bucket": "a.b-c",
    "writers": ["10.0.0.1/32", "10.0.0.3/32"],
}
REDIRECT = {"name": "www", "kind": "redirect", "hosts": ["www.social.net"], "to": "https://social.net"}
FORGEABLE = {"Forwarded", "Client-Ip", "Client_ip", "Proxy", "X_forwarded_for", "X-Forwarded-Host"}


def caddyfile(**changes: Any) -> Block:
    """Return the Caddyfile with all four kinds of site, and some changes."""
    return read_caddyfile(
        render(
            "caddy",
            "Caddyfile.j2",
            {
                "caddy_sites": [INSTANCE, MEDIA, STORE, REDIRECT],
                **{f"caddy_{name}": value for name, value in changes.items()},
            },
        )
    )


def unit(**changes: Any) -> list[str]:
    """Return the lines of the unit."""
    return render("caddy", "caddy.service.j2", {f"caddy_{k}": v for k, v in changes.items()}).splitlines()


@pytest.mark.parametrize("template", ["Caddyfile.j2", "caddy.service.j2"])
def test_first_line_says_who_wrote_it(template: str) -> None:
    text = render("caddy", template, {"caddy_sites": [INSTANCE, MEDIA, STORE, REDIRECT]})
    assert text.startswith("#\n# Ansible managed\n#\n")
    assert "SPDX" not in text
    assert "{{" not in text
    assert "\n\n\n" not in text
    assert text.endswith("\n")
    assert max(map(len, text.splitlines())) <= 140


def test_admin_interface_is_a_socket_and_nothing_is_saved_elsewhere() -> None:
    everything = caddyfile().members[0]
    assert everything.words == ""
    assert {"admin unix//run/caddy/admin.sock|0600", "persist_config off"} <= set(everything.lines())


def test_every_proxied_request_has_a_client_that_nobody_forged() -> None:
    proxies = [block for block in caddyfile() if block.words.startswith("reverse_proxy")]
    assert len(proxies) == 4
    assert all("import client" in proxy.lines() for proxy in proxies)
    client = caddyfile().find("(client)").lines()
    assert {f"header_up -{name}" for name in FORGEABLE} <= set(client)
    assert {"header_up X-Forwarded-For {client_ip}", "header_up X-Forwarded-Proto https"} <= set(client)


def test_streaming_gets_its_prefix_only() -> None:
    site = caddyfile().find("social.net")
    assert site.find("@streaming").words == "@streaming path /api/v1/streaming /api/v1/streaming/*"
    assert site.find("handle @streaming").find("reverse_proxy").words == "reverse_proxy 10.0.0.1:4000"


def test_idle_connections_are_dropped_before_puma_drops_them() -> None:
    web = next(block for block in caddyfile().find("social.net") if block.words == "reverse_proxy 10.0.0.1:3000")
    assert web.find("keepalive").words == "keepalive 15s"
    assert web.find("response_header_timeout").words == "response_header_timeout 120s"


def test_health_is_asked_for_only_when_there_is_a_choice() -> None:
    assert not [line for line in caddyfile().lines() if line.startswith(("health_", "lb_", "fail_"))]
    two = {**INSTANCE, "web_upstreams": ["10.0.0.1:3000", "10.0.0.4:3000"]}
    site = caddyfile(sites=[two]).find("social.net")
    assert site.find("reverse_proxy 10.0.0.1:3000 10.0.0.4:3000").find("health_uri").words == "health_uri /health"
    assert site.find("health_headers").lines() == ["Host social.net"]


def test_the_store_is_closed_by_default() -> None:
    site = caddyfile().find("s3.social.net")
    assert [block.words for block in site.members if block.words.startswith("handle")] == [
        "handle @writers",
        "handle @signed",
        "handle",
    ]
    assert site.members[-1].lines() == ["respond 403"]
    assert site.find("@writers").words == "@writers remote_ip 10.0.0.1/32 10.0.0.3/32"
    assert site.find("@signed").lines() == [
        "method GET HEAD",
        r"path_regexp ^/a\.b-c/.+",
        "query X-Amz-Algorithm=AWS4-HMAC-SHA256",
        "query X-Amz-Credential=*",
        "query X-Amz-Signature=*",
    ]


def test_security_headers_of_the_app_are_its_own() -> None:
    sites = caddyfile()
    assert "import hsts" not in sites.find("social.net").lines()
    for host in ("media.social.net, old.social.net", "s3.social.net", "www.social.net"):
        assert sites.find(host).lines().count("import hsts") == 1


def test_plain_http_knows_all_names_and_no_others() -> None:
    http = caddyfile().find("http://").lines()
    assert http == [
        "@ours host social.net media.social.net old.social.net s3.social.net www.social.net",
        "redir @ours https://{host}{uri} 301",
        "abort",
    ]
    assert caddyfile().find("https://").lines() == ["abort"]


def test_trusted_proxies_are_strict() -> None:
    assert "trusted_proxies" not in str(caddyfile().lines())
    servers = caddyfile(trusted_proxies=["192.0.2.0/24", "2001:db8::/32"]).find("servers").lines()
    assert "trusted_proxies static 192.0.2.0/24 2001:db8::/32" in servers
    assert "trusted_proxies_strict" in servers


def test_no_log_keeps_tokens_or_is_kept_for_ever() -> None:
    logs = [block for block in caddyfile(log_keep_days=3).members[0].members if block.words.startswith("log ")]
    assert [block.words for block in logs] == ["log default", "log access"]
    for log in logs:
        assert {
            "replace access_token REDACTED",
            "replace X-Amz-Signature REDACTED",
            "request>headers>Sec-Websocket-Protocol delete",
        } <= set(log.lines())
    assert {"roll_interval 24h", "roll_keep_for 72h"} <= set(logs[1].lines())


def test_issuer_acme() -> None:
    lines = caddyfile(acme_email="admin@social.net", acme_directory="https://acme.test/dir").lines()
    assert {"email admin@social.net", "acme_ca https://acme.test/dir"} <= set(lines)
    assert not {"local_certs", "skip_install_trust"} & set(lines)
    assert not [line for line in caddyfile().lines() if line.startswith(("email", "acme_ca"))]


def test_issuer_internal() -> None:
    lines = caddyfile(tls_issuer="internal").lines()
    assert {"local_certs", "skip_install_trust", "storage file_system {$CADDY_STATE:/var/lib/caddy}"} <= set(lines)
    assert "pki" not in lines
    root = {"tls_issuer": "internal", "internal_root_certificate": "/r/a.crt", "internal_root_key": "/r/a.key"}
    assert caddyfile(**root).find("root").lines() == [
        "cert {$CADDY_ROOT_CERTIFICATE:/r/a.crt}",
        "key {$CADDY_ROOT_KEY:/r/a.key}",
    ]
    lines = unit(**root)
    for start in ("ExecStartPre", "ExecReload"):
        copy = "/usr/bin/install --owner=caddy --group=caddy --mode=0400 /r/a.key /run/caddy/root.key"
        assert f"{start}=+{copy}" in lines
    assert "Environment=CADDY_ROOT_KEY=/run/caddy/root.key" in lines


def test_issuer_files() -> None:
    files = {"tls_issuer": "files", "tls_files": [{"certificate": f"/c/{n}.pem", "key": f"/c/{n}.key"} for n in "ab"]}
    assert caddyfile(**files).find("(certificate)").lines() == [
        "tls {$CADDY_CERTIFICATE_1:/c/a.pem} {$CADDY_KEY_1:/c/a.key}",
        "tls {$CADDY_CERTIFICATE_2:/c/b.pem} {$CADDY_KEY_2:/c/b.key}",
    ]
    assert caddyfile(**files).find("auto_https").words == "auto_https disable_redirects disable_certs"
    assert "Environment=CADDY_KEY_2=/run/caddy/2.key" in unit(**files)


def test_unit_has_one_privilege() -> None:
    assert [line for line in unit() if "Capabilit" in line] == [
        "AmbientCapabilities=CAP_NET_BIND_SERVICE",
        "CapabilityBoundingSet=CAP_NET_BIND_SERVICE",
    ]
    assert not [line for line in unit() if line.startswith(("ExecStartPre", "Environment"))]
