# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the nginx_media role refuses about deletions. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ansible_collections.fediops.mastodon.plugins.module_utils import _origins, _rule_parts, _syntax
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault

BUST = "nginx_media_bust_secret"
DATABASE = "nginx_media_database"
ORIGINS = "nginx_media_origins"
CDN = "nginx_media_cdn"
PEERS = "nginx_media_peers"
_VISIBLE = re.compile(r"[!-~]+\Z")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*\Z")
_HEADER_VALUE = re.compile(r"[ -~]*\Z")
_METHOD = re.compile(r"[A-Z]{3,12}\Z")
_REGION = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
# Headers with which nginx or the connection would do something of their own.
_TAKEN = {"host", "connection", "content-length", "transfer-encoding", "upgrade", "expect", "te", "x-bust-forwarded"}


def _part(variables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = variables.get(name)
    return value if isinstance(value, Mapping) else {}


def _is_visible(value: Any) -> bool:
    return isinstance(value, str) and _VISIBLE.match(value) is not None


def bust_secret_cannot_be_guessed(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Everybody can reach the media host; whoever knows the secret can delete."""
    secret = variables.get(BUST) or ""
    if secret and not (_is_visible(secret) and len(secret) >= _rule_parts.PASSWORD_LENGTH):
        yield Fault(
            BUST,
            f"it is shorter than {_rule_parts.PASSWORD_LENGTH} characters, or has others than visible ASCII",
            "Let fediops.mastodon.instance_secrets make one, or take a longer one, without blanks",
        )


def bust_header_is_a_header(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """nginx hands this one on, and no other."""
    header = variables.get("nginx_media_bust_header", "X-Bust-Secret")
    if not isinstance(header, str) or not _HEADER.match(header) or header.lower() in _TAKEN:
        yield Fault("nginx_media_bust_header", f"{header!r} cannot be the header", 'Use "X-Bust-Secret"')


def database_can_be_asked(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Without it nobody knows what was taken down, and half a configuration would be found at night."""
    database = _part(variables, DATABASE)
    if not database:
        return
    host = database.get("host")
    if not (_syntax.is_address(host) or _syntax.is_domain(host) or _syntax.is_slug(host)):
        yield Fault(DATABASE, f"its host {host!r} is no name or address", "Give the name or the address of PostgreSQL")
    if not _syntax.is_port(database.get("port", 5432)):
        yield Fault(DATABASE, "its port is not a port", "Leave it out, or give a whole number, without quotes")
    for key in ("name", "user", "password"):
        if not _is_visible(database.get(key)):
            yield Fault(DATABASE, f"its {key} is missing, or has blanks", f"Give the {key} that PostgreSQL knows")
    certificate = database.get("certificate") or ""
    if certificate and not _syntax.is_certificates(certificate):
        yield Fault(
            DATABASE,
            "its certificate is not the text of certificates",
            "Give the text itself, -----BEGIN CERTIFICATE----- and so on, or leave it out",
        )


def interval_keeps_the_promise(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """What was taken down is to be gone within a minute."""
    interval = variables.get("nginx_media_hidden_interval", 20)
    if not isinstance(interval, int) or isinstance(interval, bool) or not 2 <= interval <= 50:
        yield Fault("nginx_media_hidden_interval", "it is not 2 to 50 seconds", "Use 20, without quotes")


def writable_origins_are_stores(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """With keys, what is deleted is deleted there; that must not fail only when it is needed."""
    for origin in _rule_parts.records(variables, ORIGINS):
        keys = [origin.get(key) or "" for key in ("access_key", "secret_key")]
        region = origin.get("region") or "us-east-1"
        if any(keys) and not (all(map(_is_visible, keys)) and _origins.server(origin.get("url"))):
            fault = "has a key without the other, or keys without a url"
            cure = "Give access_key, secret_key and the url of the store, or no key"
        elif any(keys) and not _origins.is_bucket(origin.get("bucket")):
            fault, cure = "has keys and no bucket", "Name the bucket in bucket, not in prefix"
        elif not isinstance(region, str) or not _REGION.match(region):
            fault, cure = f"has the region {region!r}", 'Write it as the store does, like "eu-central-1"'
        else:
            continue
        yield Fault(ORIGINS, f"origin {origin.get('name')!r} {fault}", cure)


def _cdn_faults(cdn: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    url, body = cdn.get("purge_url"), cdn.get("body") or ""
    if not isinstance(url, str) or not re.match(r"https?://[!-~]+\Z", url) or '"' in url:
        yield (
            "its purge_url is no address",
            "Write https://…, with {url}, {host} or {path} where those of a file belong",
        )
    elif not isinstance(body, str) or not any(mark in url + body for mark in ("{url}", "{path}")):
        yield (
            "neither its purge_url nor its body says what to purge",
            "Put {url}, or {host} and {path}, into one of them",
        )
    method = cdn.get("method", "POST")
    if not isinstance(method, str) or not _METHOD.match(method):
        yield f"its method {method!r} is none", 'Use "POST", or what the CDN documents'
    headers = cdn.get("headers") or {}
    if not isinstance(headers, Mapping) or not all(
        isinstance(name, str) and _HEADER.match(name) and isinstance(value, str) and _HEADER_VALUE.match(value)
        for name, value in headers.items()
    ):
        yield "its headers are not names with texts", "Write them as {Authorization: 'Bearer …'}, each on one line"
    ttl = cdn.get("ttl", 3600)
    if not isinstance(ttl, int) or isinstance(ttl, bool) or not 1 <= ttl <= 31536000:
        yield f"its ttl {ttl!r} is not a number of seconds", "Use 3600, without quotes"


def cdn_can_be_asked(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A CDN that is asked in a wrong way keeps what was deleted."""
    cdn = _part(variables, CDN)
    for fault, cure in _cdn_faults(cdn) if cdn else ():
        yield Fault(CDN, fault, cure)


def peers_are_others(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """A bust reaches one media host; it tells the others."""
    own = (variables.get("nginx_media_listen_address", "127.0.0.1"), variables.get("nginx_media_port", 8080))
    for peer in _syntax.listed(variables.get(PEERS)):
        found = _syntax.endpoint(peer)
        if found is None:
            yield Fault(PEERS, f"{peer!r} is not host:port", "Name where the other host's nginx listens")
        elif found == own:
            yield Fault(PEERS, f"{peer!r} is this host", "Name the others only")


def somebody_can_say_what_is_gone(variables: Mapping[str, Any]) -> Iterable[Fault]:
    """Keys, a CDN or other hosts are of no use when no deletion is ever heard of."""
    if variables.get(BUST) or _part(variables, DATABASE):
        return
    keys = [o for o in _rule_parts.records(variables, ORIGINS) if o.get("access_key") or o.get("secret_key")]
    for name, given in ((CDN, _part(variables, CDN)), (PEERS, _syntax.listed(variables.get(PEERS))), (ORIGINS, keys)):
        if given:
            yield Fault(
                name,
                "it is of no use: nobody tells this host what was deleted",
                f"Set {BUST} as well, and the same secret in Mastodon, or {DATABASE}",
            )


RULES: tuple[Callable[[Mapping[str, Any]], Iterable[Fault]], ...] = (
    bust_secret_cannot_be_guessed,
    bust_header_is_a_header,
    database_can_be_asked,
    interval_keeps_the_promise,
    writable_origins_are_stores,
    cdn_can_be_asked,
    peers_are_others,
    somebody_can_say_what_is_gone,
)
