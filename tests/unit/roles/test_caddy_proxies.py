# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role caddy asks of upstreams: whom, how, and for how long."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from caddy_rendering import INSTANCE, MEDIA, STORE, caddyfile, web

FORGEABLE = {"Forwarded", "Client-Ip", "Client_ip", "Proxy", "X_forwarded_for", "X-Forwarded-Host"}


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


def test_media_are_purged_where_the_proxy_knows_who_may() -> None:
    site = caddyfile(sites=[{**MEDIA, "purge": True}]).find("media.social.net, old.social.net")
    assert site.find("@other").words == "@other not method GET HEAD PURGE"


def test_the_store_gets_requests_as_they_came() -> None:
    assert {"compression off", "keepalive 15s"} <= set(caddyfile().find("(s3)").find("transport http").lines())
    site = caddyfile().find("s3.social.net")
    assert [site.find(f"handle {who}").lines() for who in ("@writers", "@signed")] == [["import s3"], ["import s3"]]


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


def test_the_store_proves_who_it_is_when_asked_to() -> None:
    plain = caddyfile().find("(s3)").find("transport http").lines()
    assert not [line for line in plain if "tls" in line]
    pem = "-----BEGIN CERTIFICATE-----\nMIIB\nAB==\n-----END CERTIFICATE-----\n"
    site = {**STORE, "upstream_tls": True, "upstream_certificates": pem + pem.replace("MIIB", "MIIC")}
    transport = caddyfile(sites=[site]).find("(s3)").find("transport http")
    assert "tls" in transport.lines()
    assert transport.find("tls_trust_pool inline").lines() == ["trust_der MIIBAB==", "trust_der MIICAB=="]


def test_the_store_is_not_asked_for_its_health() -> None:
    store = {**STORE, "upstreams": ["10.0.0.2:9000", "10.0.0.5:9000"]}
    proxy = caddyfile(sites=[store]).find("(s3)").find("reverse_proxy")
    assert {"lb_policy least_conn", "fail_duration 10s"} <= set(proxy.lines())
    assert not [line for line in proxy.lines() if line.startswith("health_")]
