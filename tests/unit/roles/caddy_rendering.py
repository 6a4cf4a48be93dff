# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An example of each kind of site, and what role caddy writes for them, read back."""

from __future__ import annotations

import functools
import json
from typing import Any

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


WEB = ("handle @pages", "handle")


def web(site: Block) -> list[Block]:
    """Return the proxies to the web processes: for pages, and for everything else."""
    assert [block.words for block in site.members[-2:]] == list(WEB)
    return [handle.find("reverse_proxy") for handle in site.members[-2:]]
