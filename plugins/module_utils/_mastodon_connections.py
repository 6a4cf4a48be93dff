# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections of role mastodon that cannot work. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable
from urllib.parse import urlsplit

from ansible_collections.fediops.mastodon.plugins.module_utils import _env, _rule_parts, _syntax
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault

LOG_LEVELS = ("debug", "info", "warn", "error", "fatal", "unknown")
STARTTLS = ("auto", "always", "never")

# Mastodon puts these values into YAML as they are, so a colon or a quote in one breaks the boot.
_PLAIN = re.compile(r"[A-Za-z0-9._/-]+")
_PLAIN_VARIABLES = (
    "mastodon_db_name",
    "mastodon_db_user",
    "mastodon_smtp_domain",
    "mastodon_smtp_ca_file",
    "mastodon_smtp_auth_method",
    "mastodon_smtp_openssl_verify_mode",
)
_YAML_WORDS = frozenset({"yes", "no", "true", "false", "on", "off", "null", "none"})
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@([A-Za-z0-9.-]+)")
_PASSWORDS = (
    "mastodon_db_password",
    "mastodon_redis_password",
    "mastodon_s3_access_key",
    "mastodon_s3_secret_key",
    "mastodon_smtp_login",
    "mastodon_smtp_password",
    "mastodon_smtp_from_address",
    "mastodon_smtp_reply_to",
)


def is_email(value: Any) -> bool:
    """Tell whether the value is one plain address."""
    match = _EMAIL.fullmatch(value) if isinstance(value, str) else None
    return match is not None and _syntax.is_domain(match[1].lower())


def unwritable(variable: str, name: str, value: Any) -> Iterator[Fault]:
    """Yield a fault when the env file cannot hold the value."""
    try:
        _env.quote(name, _env.scalar(name, value))
    except _env.EnvError as error:
        yield Fault(variable, str(error), "Use letters, digits and ordinary punctuation in one line")


def domains(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The name becomes part of every account for ever."""
    for name in ("mastodon_local_domain", "mastodon_web_domain"):
        if name in variables and not _syntax.is_domain(variables[name]):
            yield Fault(
                name,
                f"{variables[name]!r} is not a full domain name in small letters",
                "Write it like social.example.org, without https:// or port; other alphabets as xn--…",
            )
    for domain in _rule_parts.texts(variables.get("mastodon_alternate_domains")):
        if not _syntax.is_domain(domain):
            yield Fault(
                "mastodon_alternate_domains", f"{domain!r} is not a domain name", "Write it like old.example.org"
            )


def hosts(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Without a database or Redis nothing starts; Mastodon joins them with colons, so an IPv6 address is misread."""
    for name in ("mastodon_db_host", "mastodon_redis_host", "mastodon_smtp_server"):
        value = variables.get(name, "")
        if name not in variables or (value == "" and name == "mastodon_smtp_server"):
            continue
        if ":" in str(value) and _syntax.is_address(value):
            yield Fault(
                name,
                f"{value} is an IPv6 address, which Mastodon misreads here",
                "Give the host a name, if need be by mastodon_extra_hosts",
            )
        elif not (_syntax.is_address(value) or _syntax.is_domain(value) or _syntax.is_slug(value)):
            yield Fault(name, f"{value!r} is not the name or address of a host", "Name it without scheme and port")


def ports(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Two services cannot share a port of the host, and those in containers have no right to a low one."""
    yield from _rule_parts.port(variables, "mastodon_web_port")
    yield from _rule_parts.port(variables, "mastodon_streaming_port")
    if variables.get("mastodon_web_port", 3000) == variables.get("mastodon_streaming_port", 4000):
        yield Fault("mastodon_streaming_port", "web has the same port", "Give each its own, such as 3000 and 4000")
    for name in ("mastodon_db_port", "mastodon_redis_port", "mastodon_smtp_port"):
        if name in variables and not _syntax.is_port(variables[name]):
            yield Fault(
                name, f"{variables[name]!r} is not a port", "Write a whole number from 1 to 65535 without quotes"
            )


def plain_values(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Mastodon puts some values into its YAML files without quoting them."""
    for name in _PLAIN_VARIABLES:
        value = variables.get(name, "")
        if value == "" or (
            isinstance(value, str)
            and _PLAIN.fullmatch(value)
            and value.lower() not in _YAML_WORDS - {"none"}
            and not value.replace(".", "").isdigit()
        ):
            continue
        yield Fault(
            name,
            f"{value!r} would be misread in Mastodon's YAML files",
            "Use letters, digits and . _ - /, and not a number or a word like true",
        )


def writable_values(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Passwords are quoted, but some cannot be."""
    for name in _PASSWORDS:
        if isinstance(variables.get(name), str):
            yield from unwritable(name, "the value", variables[name])


def redis_password(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Mastodon puts the password into a URL and decodes it again."""
    value = variables.get("mastodon_redis_password")
    if isinstance(value, str) and value and not re.fullmatch(r"[A-Za-z0-9_.=~-]+", value):
        yield Fault(
            "mastodon_redis_password",
            "it has characters that change meaning in a URL",
            "Use letters, digits and _ . = ~ -",
        )


def s3_endpoint(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Browsers fetch archives from it by signed URLs, and the scheme is not guessed."""
    value = variables.get("mastodon_s3_endpoint")
    if value is None:
        return
    parts = urlsplit(value) if isinstance(value, str) else urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path not in ("", "/") or parts.query:
        yield Fault("mastodon_s3_endpoint", f"{value!r} is not a URL of a host", "Write it like https://s3.example.org")


def s3_names(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Mastodon puts https:// before them; a scheme of one's own makes https://https://."""
    for name in ("mastodon_s3_alias_host", "mastodon_s3_hostname"):
        value = variables.get(name)
        host, _slash, path = str(value).partition("/")
        if value is not None and not (_syntax.is_domain(host) and re.fullmatch(r"([\w.-]+(/[\w.-]+)*)?", path)):
            yield Fault(name, f"{value!r} is not a host name", "Write it like media.example.org, without https://")
    for value in _rule_parts.texts(variables.get("mastodon_extra_media_hosts")):
        if not value.startswith("https://") or not _syntax.is_domain(value.removeprefix("https://")):
            yield Fault(
                "mastodon_extra_media_hosts",
                f"{value!r} is not the URL of a host",
                "Write it like https://old-media.example.org, without a path",
            )
    bucket = variables.get("mastodon_s3_bucket")
    if bucket is not None and not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", str(bucket)):
        yield Fault(
            "mastodon_s3_bucket",
            f"{bucket!r} is not a name that a bucket can have",
            "Use 3 to 63 small letters, digits, dots and dashes",
        )


def smtp_decided(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Without mail nobody can confirm an address or reset a password, so it must be off on purpose."""
    if (
        variables.get("mastodon_smtp_enabled", True) is True
        and "mastodon_smtp_server" in variables
        and not variables["mastodon_smtp_server"]
    ):
        yield Fault(
            "mastodon_smtp_server",
            "mail is neither set up nor switched off",
            "Name your mail server, or set mastodon_smtp_enabled to false",
        )


def smtp_encryption(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A connection is encrypted from its start, or by STARTTLS, not by both."""
    starttls = variables.get("mastodon_smtp_starttls", "auto")
    if starttls not in STARTTLS:
        yield Fault(
            "mastodon_smtp_starttls", f"{starttls!r} is not known", f"Use one of {', '.join(STARTTLS)}, in quotes"
        )
    if variables.get("mastodon_smtp_tls") is True and starttls == "always":
        yield Fault(
            "mastodon_smtp_tls",
            "TLS from the start and STARTTLS exclude each other",
            "For port 465 set mastodon_smtp_starttls to never; for port 587 set mastodon_smtp_tls to false",
        )


def smtp_login(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A server that wants a login gets both halves of it."""
    login, password = variables.get("mastodon_smtp_login", ""), variables.get("mastodon_smtp_password", "")
    if bool(login) != bool(password):
        empty = "mastodon_smtp_password" if login else "mastodon_smtp_login"
        yield Fault(empty, "of login and password only one is set", "Set both, or none for a relay without a login")
    if login and variables.get("mastodon_smtp_auth_method", "plain") == "none":
        yield Fault("mastodon_smtp_auth_method", "it is none although there is a login", "Use plain, login or cram_md5")


def smtp_sender(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Other servers drop mail without a real sender."""
    for name in ("mastodon_smtp_from_address", "mastodon_smtp_reply_to"):
        value = variables.get(name, "")
        if not isinstance(value, str) or not value:
            continue
        match = re.fullmatch(r"[^<>\"':#{}\[\]]*<([^<>]+)>|([^<> ]+)", value)
        if match is None or not is_email(match[1] or match[2]):
            yield Fault(
                name,
                f"{value!r} is not an e-mail address",
                "Write it like Mastodon <notifications@example.org>, the name without punctuation",
            )


def bind_address(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """On host networking the ports are the host's own, and they speak plain HTTP."""
    value = variables.get("mastodon_bind_address", "127.0.0.1")
    if not _syntax.is_address(value):
        yield Fault("mastodon_bind_address", f"{value!r} is not an IP address", "Use 127.0.0.1 or the private address")
    elif _syntax.is_wildcard(value):
        yield Fault(
            "mastodon_bind_address",
            f"{value} opens plain HTTP to every network of the host",
            "Use 127.0.0.1, or the private address when the edge is another host",
        )


def networks(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Rails does not start with a host name in these lists, and trusting everybody trusts nobody."""
    for name in ("mastodon_trusted_proxies", "mastodon_allowed_private_addresses"):
        for value in _rule_parts.texts(variables.get(name)):
            network = _syntax.network(value)
            if network is None:
                yield Fault(name, f"{value!r} is not an address or a network", "Write it like 10.0.0.1 or 10.0.0.0/24")
            elif network.prefixlen == 0:
                yield Fault(name, f"{value} is every address there is", "Name the proxies one by one")


def extra_hosts(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """They go into the containers' /etc/hosts."""
    value = variables.get("mastodon_extra_hosts", {})
    for name, address in value.items() if isinstance(value, Mapping) else ():
        if not (_syntax.is_domain(name) or _syntax.is_slug(name)) or not _syntax.is_address(address):
            yield Fault(
                "mastodon_extra_hosts",
                f"{name!r}: {address!r} is not a host name with an IP address",
                "Write it like s3.example.org: 10.0.0.1",
            )


def cache_buster(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Mastodon sends the request whether or not it has a secret, and asks nobody whether it was of use."""
    value = variables.get("mastodon_cache_buster")
    if not isinstance(value, Mapping) or not value:
        return
    name = "mastodon_cache_buster"
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{1,60}", str(value.get("header", ""))):
        yield Fault(name, f"{value.get('header')!r} is not the name of a header", "Write it like X-Bust-Secret")
    if not re.fullmatch(r"[A-Za-z0-9_=-]{16,128}", str(value.get("secret", ""))):
        yield Fault(
            name, "its secret is not 16 to 128 letters, digits and _ = -", "Take it from the instance's secret store"
        )
    address = value.get("address", "")
    if address not in ("", None) and not _syntax.is_address(address):
        yield Fault(name, f"address {address!r} is not an IP address", "Write one, or leave it out")
    elif address and (ipaddress.ip_address(address).is_loopback or _syntax.is_wildcard(address)):
        # Mastodon may fetch from it, for whoever makes it: on host networking that is Redis and the database.
        yield Fault(
            name,
            f"address {address} is the app's own host, with all that listens there on loopback",
            "Name the address at which others reach the media host",
        )


def log_level(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Sidekiq does not start with a level that it does not know."""
    value = variables.get("mastodon_log_level", "info")
    if value not in LOG_LEVELS:
        yield Fault("mastodon_log_level", f"{value!r} is not a log level", f"Use one of {', '.join(LOG_LEVELS)}")


RULES: tuple[Callable[[Mapping[str, Any]], Iterable[Fault]], ...] = (
    domains,
    hosts,
    ports,
    plain_values,
    writable_values,
    redis_password,
    s3_endpoint,
    s3_names,
    smtp_decided,
    smtp_encryption,
    smtp_login,
    smtp_sender,
    bind_address,
    networks,
    extra_hosts,
    cache_buster,
    log_level,
)
