# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role caddy answers by itself: files, errors, redirects, refusals."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from caddy_rendering import HANDLES, INSTANCE, caddyfile


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
