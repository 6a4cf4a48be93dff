# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role caddy writes, rendered by Ansible itself and read back."""

from __future__ import annotations

import functools
import json
import re
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
HANDLES = {"name": "handles", "kind": "handles", "hosts": ["social.org"], "to": "https://social.net"}
STATIC = {
    "name": "status",
    "kind": "static",
    "hosts": ["status.social.net"],
    "root": "/srv/status",
    "tls": {"certificate": "/c/status.pem", "key": "/c/status.key"},
}
REDIRECT = {"name": "www", "kind": "redirect", "hosts": ["www.social.net"], "to": "https://social.net"}
FORGEABLE = {"Forwarded", "Client-Ip", "Client_ip", "Proxy", "X_forwarded_for", "X-Forwarded-Host"}
SITES = [INSTANCE, MEDIA, STORE, REDIRECT, HANDLES, STATIC]


@functools.cache
def text(template: str, variables: str) -> str:
    """Return what Ansible makes of a template; it takes its time, so each set of variables (in JSON) once."""
    return render("caddy", template, json.loads(variables))


def caddyfile(**changes: Any) -> Block:
    """Return the Caddyfile with all kinds of site, and some changes."""
    variables = {"caddy_sites": SITES, **{f"caddy_{name}": value for name, value in changes.items()}}
    return read_caddyfile(text("Caddyfile.j2", json.dumps(variables)))


def unit(**changes: Any) -> list[str]:
    """Return the lines of the unit, of sites without certificates of their own unless told otherwise."""
    variables = {"caddy_sites": [INSTANCE, MEDIA, STORE], **{f"caddy_{k}": v for k, v in changes.items()}}
    return text("caddy.service.j2", json.dumps(variables)).splitlines()


@pytest.mark.parametrize("template", ["Caddyfile.j2", "caddy.service.j2"])
def test_first_line_says_who_wrote_it(template: str) -> None:
    made = text(template, json.dumps({"caddy_sites": SITES}))
    assert made.startswith("#\n# Ansible managed\n#\n")
    assert "SPDX" not in made
    assert "{{" not in made
    assert "\n\n\n" not in made
    assert made.endswith("\n")
    assert max(map(len, made.splitlines())) <= 140


def test_admin_interface_is_a_socket_and_nothing_is_saved_elsewhere() -> None:
    everything = caddyfile().members[0]
    assert everything.words == ""
    assert {"admin unix//run/caddy/admin.sock|0600", "persist_config off"} <= set(everything.lines())


def test_every_proxied_request_has_a_client_that_nobody_forged() -> None:
    proxies = [block for block in caddyfile() if block.words.startswith("reverse_proxy")]
    assert len(proxies) == 5
    assert all("import client" in proxy.lines() for proxy in proxies)
    client = caddyfile().find("(client)").lines()
    assert {f"header_up -{name}" for name in FORGEABLE} <= set(client)
    assert {"header_up X-Forwarded-For {client_ip}", "header_up X-Forwarded-Proto https"} <= set(client)


def test_streaming_gets_its_prefix_only() -> None:
    site = caddyfile().find("social.net")
    assert site.find("@streaming").words == "@streaming path /api/v1/streaming /api/v1/streaming/*"
    assert site.find("handle @streaming").find("reverse_proxy").words == "reverse_proxy 10.0.0.1:4000"


def test_streams_outlive_a_reload_and_are_never_kept_for_the_next_client() -> None:
    proxy = caddyfile(drain_time="7m").find("social.net").find("reverse_proxy 10.0.0.1:4000")
    assert "stream_close_delay 7m" in proxy.lines()
    assert proxy.find("transport http").lines() == ["dial_timeout 3s", "response_header_timeout 30s", "keepalive off"]
    assert caddyfile(drain_time="7m").find("grace_period").words == "grace_period 7m"


def test_no_upstream_keeps_visitors_waiting_for_a_connection() -> None:
    transports = [block for block in caddyfile() if block.words == "transport http"]
    assert len(transports) == 5
    assert all({"dial_timeout 3s"} <= set(block.lines()) for block in transports)
    assert all([line for line in block.lines() if line.startswith("response_header_timeout")] for block in transports)


def test_uploads_have_a_limit_and_pages_are_compressed() -> None:
    site = caddyfile(upload_max="120MB").find("social.net")
    for handle in (site.find("handle @pages"), site.members[-1]):
        assert handle.find("request_body").lines() == ["max_size 120MB"]
        assert "import compressed" in handle.lines()
    encode = set(caddyfile().find("(compressed)").lines())
    assert {"zstd", "gzip", "header Content-Type application/activity+json*", "header Content-Type text/*"} <= encode


def test_media_sees_no_credentials_and_only_reads() -> None:
    site = caddyfile().find("media.social.net, old.social.net")
    assert {"header_up -Authorization", "header_up -Cookie"} <= set(site.find("reverse_proxy").lines())
    assert "compression off" in site.find("transport http").lines()
    assert site.find("@other").words == "@other not method GET HEAD"
    assert site.find("handle @other").lines() == ['header Allow "GET, HEAD"', "respond 405"]


def test_the_store_gets_requests_as_they_came() -> None:
    assert {"compression off", "keepalive 15s"} <= set(caddyfile().find("(s3)").find("transport http").lines())
    site = caddyfile().find("s3.social.net")
    assert [site.find(f"handle {who}").lines() for who in ("@writers", "@signed")] == [["import s3"], ["import s3"]]


WEB = ("handle @pages", "handle")


def web(site: Block) -> list[Block]:
    """Return the proxies to the web processes: for pages, and for everything else."""
    assert [block.words for block in site.members[-2:]] == list(WEB)
    return [handle.find("reverse_proxy") for handle in site.members[-2:]]


def test_idle_connections_are_dropped_before_puma_drops_them() -> None:
    assert [proxy.find("keepalive").words for proxy in web(caddyfile().find("social.net"))] == ["keepalive 15s"] * 2


def test_pages_have_less_time_than_what_may_be_slow() -> None:
    site = caddyfile(page_seconds=9, response_timeout="3m").find("social.net")
    assert [proxy.find("response_header_timeout").words for proxy in web(site)] == [
        "response_header_timeout 9s",
        "response_header_timeout 3m",
    ]
    method, without = site.find("@pages").members
    assert (method.words, without.words) == ("method GET HEAD", "not")
    slow = {path for line in without.lines() for path in line.split()[1:]}
    assert {"/auth/*", "/settings/exports/*", "/media_proxy/*", "/api/v2/search*", "*.csv"} <= slow
    assert not {"/", "/*", "/api/*", "/@*", "/health"} & slow


@pytest.mark.parametrize(("seconds", "tries"), [(10, "5s"), (3, "3s")])
def test_a_hanging_upstream_is_not_followed_by_another(seconds: int, tries: str) -> None:
    two = {**INSTANCE, "web_upstreams": ["10.0.0.1:3000", "10.0.0.4:3000"]}
    for proxy in web(caddyfile(sites=[two], page_seconds=seconds).find("social.net")):
        assert proxy.find("lb_try_duration").words == f"lb_try_duration {tries}"


def test_the_only_upstream_gets_a_second_chance() -> None:
    site = caddyfile().find("social.net")
    streaming = site.find("reverse_proxy 10.0.0.1:4000")
    assert streaming.find("health_uri").words == "health_uri /api/v1/streaming/health"
    assert [proxy.find("health_uri").words for proxy in web(site)] == ["health_uri /health"] * 2
    for proxy in (streaming, *web(site)):
        assert {"health_interval 4s", "health_timeout 5s", "health_fails 2"} <= set(proxy.lines())
        assert proxy.find("health_headers").lines() == ["Host social.net"]
        assert not [line for line in proxy.lines() if line.startswith(("lb_", "fail_"))]


def test_one_of_several_is_left_out_at_once() -> None:
    two = {**INSTANCE, "web_upstreams": ["10.0.0.1:3000", "10.0.0.4:3000"]}
    for proxy in web(caddyfile(sites=[two]).find("social.net")):
        assert proxy.words == "reverse_proxy 10.0.0.1:3000 10.0.0.4:3000"
        assert {"lb_policy least_conn", "lb_try_duration 5s", "fail_duration 2s"} <= set(proxy.lines())
        assert {"health_uri /health", "health_interval 4s", "health_timeout 3s"} <= set(proxy.lines())
        assert "health_fails 2" not in proxy.lines()
        assert proxy.find("health_headers").lines() == ["Host social.net"]


def test_the_store_is_not_asked_for_its_health() -> None:
    store = {**STORE, "upstreams": ["10.0.0.2:9000", "10.0.0.5:9000"]}
    proxy = caddyfile(sites=[store]).find("(s3)").find("reverse_proxy")
    assert {"lb_policy least_conn", "fail_duration 10s"} <= set(proxy.lines())
    assert not [line for line in proxy.lines() if line.startswith("health_")]


def test_static_files_come_from_disk_when_they_are_there() -> None:
    site = caddyfile().find("social.net")
    matcher = site.find("@assets")
    assert matcher.find("file").lines() == ["root /var/lib/caddy-assets/current"]
    assert site.find("handle @assets").members[0].words == "root /var/lib/caddy-assets/current"
    assert matcher.find("path").words.split()[1:] == [
        "/packs/*", "/assets/*", "/emoji/*", "/sounds/*", "/ocr/*", "/avatars/*", "/headers/*", "/oops.*",
    ]  # fmt: skip
    assert {"method GET HEAD", "not path /packs/sw.js*"} <= set(matcher.lines())
    handle = site.find("handle @assets")
    assert handle.find("route").lines() == [
        'header Cache-Control "public, max-age=2419200, must-revalidate"',
        'header @hashed Cache-Control "public, max-age=31536000, immutable"',
        "header X-Content-Type-Options nosniff",
        "import compressed",
        "file_server",
        "precompressed zstd br gzip",
    ]


@pytest.mark.parametrize(
    ("name", "hashed"),
    [
        ("application-BX9k2_aQ.js", True),
        ("application-BX9k2_aQ.js.gz", True),
        ("theme-4f9ab01c77d0.css", True),
        (f"logo-{'0a' * 32}.svg", True),
        ("some-fallback.js", False),
        ("500.html", False),
        ("manifest.json", False),
        ("1f600.svg", False),
        ("locale-en.json", False),
    ],
)
def test_only_names_that_carry_their_content_are_kept_for_ever(name: str, hashed: bool) -> None:
    wanted, unwanted = (line.rsplit(" ", 1)[1] for line in caddyfile().find("@hashed").lines())
    assert (re.search(wanted, name) is not None and re.search(unwanted, name) is None) is hashed


def test_the_app_s_own_error_page_comes_first() -> None:
    errors = caddyfile().find("handle_errors 502 503 504")
    assert {"header Cache-Control no-store", "header Retry-After 30"} <= {block.words for block in errors.members}
    assert errors.find("@programs").words == "@programs path /api/* /oauth/* /inbox /users/* /actor/*"
    programs, page, others = (block for block in errors.members if block.words.startswith("handle"))
    assert [block.words for block in (programs, page, others)] == ["handle @programs", "handle @page", "handle"]
    assert programs.lines() == [
        "header Content-Type application/json",
        'respond `{"error":"This server is temporarily unavailable"}` {err.status_code}',
    ]
    assert errors.find("@page").lines() == [
        "method GET HEAD",
        "file",
        "root /var/lib/caddy-assets/current",
        "try_files /500.html /assets/500.html",
    ]
    assert page.lines() == [
        "header Refresh 30",
        "rewrite {file_match.relative}",
        "file_server",
        "root /var/lib/caddy-assets/current",
        "status {err.status_code}",
    ]
    assert others.lines() == [
        'header Content-Type "text/html; charset=utf-8"',
        "header Content-Security-Policy \"default-src 'none'; style-src 'unsafe-inline'\"",
        "respond <page> {err.status_code}",
    ]


def test_uploads_of_old_lead_to_the_media_host() -> None:
    assert "handle_path" not in " ".join(caddyfile().lines())
    moved = {**INSTANCE, "system_redirect": "https://media.social.net"}
    assert caddyfile(sites=[moved]).find("handle_path /system/*").lines() == [
        "header Access-Control-Allow-Origin *",
        "redir https://media.social.net{uri} 301",
    ]


def test_the_domain_of_the_handles() -> None:
    site = caddyfile().find("social.org")
    assert site.find("@handles").words.split()[2:] == [
        "/.well-known/webfinger",
        "/.well-known/host-meta",
        "/.well-known/host-meta.json",
        "/.well-known/nodeinfo",
    ]
    assert site.find("handle @handles").lines() == [
        "header Access-Control-Allow-Origin *",
        "redir https://social.net{uri} 301",
    ]
    assert site.members[-1].lines() == ["redir https://social.net{uri} 302"]
    elsewhere = caddyfile(sites=[{**HANDLES, "website": "https://blog.social.org"}]).find("social.org")
    assert elsewhere.members[-1].lines() == ["redir https://blog.social.org{uri} 302"]


def test_a_directory_hides_what_begins_with_a_dot() -> None:
    site = caddyfile().find("status.social.net")
    assert site.find("@hidden").lines() == ["path */.*", "not path /.well-known/*"]
    assert site.find("handle @hidden").lines() == ["respond 404"]
    assert {"X-Content-Type-Options nosniff", "X-Frame-Options DENY"} <= set(site.find("header").lines())


def test_a_site_may_have_a_certificate_of_its_own() -> None:
    assert "tls {$CADDY_CERTIFICATE_1:/c/status.pem} {$CADDY_KEY_1:/c/status.key}" in [
        block.words for block in caddyfile().find("status.social.net").members
    ]
    lines = unit(sites=[STATIC], tls_issuer="files", tls_files=[{"certificate": "/c/a.pem", "key": "/c/a.key"}])
    assert "Environment=CADDY_KEY_2=/run/caddy/2.key" in lines
    copy = "/usr/bin/install --owner=caddy --group=caddy --mode=0400 /c/status.key /run/caddy/2.key"
    assert {f"ExecStartPre=+{copy}", f"ExecReload=+{copy}"} <= set(lines)


ORIGIN = {"hosts": ["origin.social.net"]}
OWN = {"certificate": "/c/origin.pem", "key": "/c/origin.key"}


def behind_a_cdn(**origin: Any) -> Block:
    """Return the Caddyfile of an instance with a CDN in front."""
    return caddyfile(sites=[{**INSTANCE, "origin": {**ORIGIN, **origin}}], trusted_proxies=["192.0.2.0/24"])


def test_a_cdn_has_a_door_of_its_own_to_the_same_routes() -> None:
    everything = behind_a_cdn()
    # Handlers that stand there twice would ask each upstream twice for its health.
    assert len([block for block in everything if block.words.startswith("reverse_proxy")]) == 3
    assert len(web(everything.find("&(instance)"))) == 2
    assert everything.find("social.net").lines() == [
        "import certificate",
        "import logged",
        "import away",
        "invoke instance",
    ]
    assert everything.find("origin.social.net").lines() == [
        "import certificate",
        "import logged",
        "request_header Host social.net",
        "import away",
        "invoke instance",
    ]
    # A redirect would tell visitors of a name that is not for them.
    assert "@ours host social.net" in everything.find("http://").lines()


def test_the_certificate_that_a_cdn_expects() -> None:
    door = behind_a_cdn(tls=OWN).find("origin.social.net")
    assert door.lines()[0] == "tls {$CADDY_CERTIFICATE_1:/c/origin.pem} {$CADDY_KEY_1:/c/origin.key}"
    copies = unit(sites=[{**INSTANCE, "origin": {**ORIGIN, "tls": OWN}}])
    assert "Environment=CADDY_KEY_1=/run/caddy/1.key" in copies
    assert behind_a_cdn(internal=True).find("origin.social.net").find("tls force_automate").lines() == [
        "issuer internal"
    ]
    assert "skip_install_trust" in behind_a_cdn(internal=True).members[0].lines()
    assert not {"skip_install_trust", "local_certs"} & set(behind_a_cdn(internal=False).members[0].lines())


def test_what_a_dns_provider_is_told_is_in_one_file_only() -> None:
    dns = {"provider": "rfc2136", "options": {"server": "192.0.2.1:53", "key": "very-secret"}, "resolvers": ["::1"]}
    block = caddyfile(acme_dns=dns)
    assert block.find("acme_dns rfc2136").lines() == ["key {env.CADDY_DNS_KEY}", "server {env.CADDY_DNS_SERVER}"]
    assert block.find("tls_resolvers").words == "tls_resolvers ::1"
    assert "very-secret" not in str(block.lines() + unit(acme_dns=dns))
    assert "EnvironmentFile=/etc/caddy/acme-dns.env" in unit(acme_dns=dns)
    env = render("caddy", "acme-dns.env.j2", {"caddy_acme_dns": dns}).splitlines()
    assert env[-2:] == ["CADDY_DNS_KEY=very-secret", "CADDY_DNS_SERVER=192.0.2.1:53"]


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
        "@ours host social.net media.social.net old.social.net s3.social.net www.social.net social.org"
        " status.social.net",
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
    assert all(log.find("format filter").members[0].words == "wrap json" for log in logs)
    default, access = logs
    # The journal keeps people's addresses for as long as it likes.
    assert default.find("fields").lines() == ["request delete"]
    assert default.find("exclude").words == "exclude http.log.access"
    assert default.find("output").words == "output stderr"
    assert {
        "replace access_token REDACTED",
        "replace X-Amz-Signature REDACTED",
        "request>headers delete",
        "request>tls delete",
        "resp_headers delete",
    } <= set(access.lines())
    assert access.find("include").words == "include http.log.access"
    assert access.find("output").words == "output file {$CADDY_LOGS:/var/log/caddy}/access.log"
    assert access.find("output").lines() == [
        "mode 0640",
        "roll_size 100MiB",
        "roll_interval 24h",
        "roll_keep 1000",
        "roll_keep_for 72h",
    ]


def test_every_site_is_logged() -> None:
    sites = [block for block in caddyfile() if block.words.split(",")[0] in {site["hosts"][0] for site in SITES}]
    assert len(sites) == len(SITES)
    assert all("import logged" in [member.words for member in site.members] for site in sites)
    assert caddyfile().find("(logged)").lines() == ["log", "log_append user_agent {header.User-Agent}"]


def test_slow_clients_hold_nothing_for_long() -> None:
    assert caddyfile().find("servers").find("timeouts").lines() == ["read_header 15s", "idle 2m"]


def test_issuer_acme() -> None:
    lines = caddyfile(acme_email="admin@social.net", acme_directory="https://acme.test/dir").lines()
    assert {"email admin@social.net", "acme_ca https://acme.test/dir", "renew_interval 10m"} <= set(lines)
    assert not {"local_certs", "skip_install_trust"} & set(lines)
    assert not [line for line in caddyfile().lines() if line.startswith(("email", "acme_", "tls_resolvers"))]
    root = {"acme_directory": "https://acme.test/dir", "acme_ca_root": "/etc/ssl/acme.pem"}
    assert "acme_ca_root {$CADDY_ACME_CA_ROOT:/etc/ssl/acme.pem}" in caddyfile(**root).lines()
    assert "Environment=CADDY_ACME_CA_ROOT=/run/caddy/acme-ca.crt" in unit(**root)


def test_issuer_internal() -> None:
    lines = caddyfile(tls_issuer="internal").lines()
    assert {"local_certs", "skip_install_trust", "storage file_system {$CADDY_STATE:/var/lib/caddy}"} <= set(lines)
    assert "pki" not in lines
    root = {"tls_issuer": "internal", "internal_root_certificate": "/r/a.crt", "internal_root_key": "/r/a.key"}
    assert caddyfile(**root).find("ca local").find("root").lines() == [
        "cert {$CADDY_ROOT_CERTIFICATE:/r/a.crt}",
        "key {$CADDY_ROOT_KEY:/r/a.key}",
    ]
    assert "storage file_system {$CADDY_STATE:/var/lib/caddy}/given-root" in caddyfile(**root).lines()
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
    assert not [line for line in unit() if line.startswith(("ExecStartPre", "Environment=CADDY"))]
    own = unit(sites=[STATIC], tls_issuer="internal")
    assert len([line for line in own if line.startswith("ExecStartPre")]) == len(STATIC["tls"])
