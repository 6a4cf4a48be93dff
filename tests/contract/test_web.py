# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the web process answers, and to whom."""

from __future__ import annotations

import json

from tests.contract.bed import DOMAIN, Bed


def test_health(bed: Bed, web: str) -> None:
    answer = bed.get("http://web:3000/health", "Host: anything.example")
    assert (answer.status, answer.body) == (200, "OK")
    assert answer.headers["content-type"].startswith("text/plain")


def test_rate_limit(bed: Bed, web: str) -> None:
    def refused(address: str, path: str) -> int:
        # Twice as often and more: the five minutes may end in between.
        codes = bed.engine.run(
            "exec", bed.services, "curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}\\n",
            "--header", f"Host: {DOMAIN}", "--header", "X-Forwarded-Proto: https",
            "--header", f"X-Forwarded-For: {address}", f"http://web:3000{path}?[1-610]",
        ).split()  # fmt: skip
        assert set(codes) <= {"200", "429"}
        return codes.count("429")

    assert refused("198.51.100.9", "/health") == 0
    assert refused("127.0.0.1", "/api/v2/instance") == 0
    assert refused("198.51.100.9", "/api/v2/instance") > 0


def test_https_redirect(bed: Bed, web: str) -> None:
    answer = bed.get("http://web:3000/about", f"Host: {DOMAIN}")
    assert answer.status == 301
    assert answer.headers["location"] == f"https://{DOMAIN}/about"


def test_hsts(bed: Bed, web: str) -> None:
    assert bed.page("/").headers["strict-transport-security"] == "max-age=63072000; includeSubDomains"


def test_foreign_host(bed: Bed, web: str) -> None:
    assert bed.get("http://web:3000/", "Host: evil.example", "X-Forwarded-Proto: https").status == 403
    assert bed.page("/", "X-Forwarded-Host: evil.example").status == 403


def test_alternate_domain(bed: Bed, web: str) -> None:
    assert bed.get("http://web:3000/api/v2/instance", "Host: other.example", "X-Forwarded-Proto: https").status == 200


def test_private_peer_trusted(bed: Bed, web: str) -> None:
    assert bed.page("/api/v2/instance", "X-Forwarded-For: 192.0.2.7").status == 200


def test_spoofed_address(bed: Bed, database: str) -> None:
    bed.web("distrustful", change={"TRUSTED_PROXY_IP": "127.0.0.1"})
    assert bed.page("/api/v2/instance", alias="distrustful").status == 200
    assert bed.page("/api/v2/instance", "X-Forwarded-For: 192.0.2.7", alias="distrustful").status == 500


def test_web_bind(bed: Bed, database: str) -> None:
    command = ("bundle", "exec", "puma", "-C", "config/puma.rb")
    container = bed.start("bound", *command, change={"BIND": "127.0.0.2", "PORT": "3100"})
    bed.wait_for_output(container, "Listening on http://127.0.0.2:3100")


def test_web_term(bed: Bed, database: str) -> None:
    assert bed.stop(bed.web("leaving")) == 143


def test_static_headers(bed: Bed, web: str) -> None:
    answer = bed.page("/robots.txt")
    assert answer.status == 200
    assert answer.headers["cache-control"] == "public, max-age=2419200, must-revalidate"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_instance(bed: Bed, web: str) -> None:
    instance = json.loads(bed.page("/api/v2/instance").body)
    assert instance["domain"] == DOMAIN
    assert instance["version"][0].isdigit()
    assert instance["configuration"]["urls"]["streaming"] == f"wss://{DOMAIN}"
    assert {"registrations", "contact"} <= set(instance)


def test_webfinger(bed: Bed, web: str) -> None:
    owner = bed.page(f"/.well-known/webfinger?resource=acct:owner@{DOMAIN}")
    assert (owner.status, json.loads(owner.body)["subject"]) == (200, f"acct:owner@{DOMAIN}")
    assert bed.page(f"/.well-known/webfinger?resource=acct:stranger@{DOMAIN}").status == 404


def test_request_id(bed: Bed, web: str) -> None:
    answer = bed.page("/api/v2/instance")
    bed.wait_for_output(web, f"[{answer.headers['x-request-id']}] method=GET path=/api/v2/instance")


def test_token(bed: Bed, web: str, token: str) -> None:
    path = "/api/v1/accounts/verify_credentials"
    assert bed.page(path).status == 401
    assert json.loads(bed.page(path, f"Authorization: Bearer {token}").body)["username"] == "owner"
