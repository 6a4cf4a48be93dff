# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where role caddy has certificates from, for visitors and for a CDN."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from caddy_rendering import INSTANCE, STATIC, caddyfile, unit, web
from rendering import Block, render


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
