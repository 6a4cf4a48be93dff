# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all sites of role caddy share: the admin interface, logs, limits, the unit."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from caddy_rendering import SITES, STATIC, caddyfile, text, unit


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


def test_unit_has_one_privilege() -> None:
    assert [line for line in unit() if "Capabilit" in line] == [
        "AmbientCapabilities=CAP_NET_BIND_SERVICE",
        "CapabilityBoundingSet=CAP_NET_BIND_SERVICE",
    ]
    assert not [line for line in unit() if line.startswith(("ExecStartPre", "Environment=CADDY"))]
    own = unit(sites=[STATIC], tls_issuer="internal")
    assert len([line for line in own if line.startswith("ExecStartPre")]) == len(STATIC["tls"])
