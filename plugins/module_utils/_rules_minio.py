# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of role minio that cannot work. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import ipaddress
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable
from urllib.parse import urlsplit

from ansible_collections.fediops.mastodon.plugins.module_utils import _rule_parts, _rules_minio_contents, _syntax
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault

# Written by the role itself; a second value in minio_extra_env would win or lose by its place in the file.
OWN_ENVIRONMENT = (
    "MINIO_ROOT_USER",
    "MINIO_ROOT_PASSWORD",
    "MINIO_BROWSER",
    "MINIO_UPDATE",
    "MINIO_SITE_REGION",
    "MINIO_SERVER_URL",
)
# What the service sees empty directories in the place of, or what is gone after a boot.
HIDDEN = ("/home/", "/root/", "/tmp/", "/var/tmp/", "/run/")  # noqa: S108 - refused, not used
# Emptied at boot, or hidden from the service by its sandbox.
VOLATILE = ("/tmp", "/var/tmp", "/run", "/dev", "/proc", "/sys", "/home", "/root")  # noqa: S108 - refused, not used

_CHECKSUM = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_PATH = re.compile(r"/[A-Za-z0-9._/-]+")
_REGION = re.compile(r"[A-Za-z0-9_-]+")
_ENV_NAME = re.compile(r"[A-Z][A-Z0-9_]*")


def platform(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The unit and python3-boto3 are written and tested for these releases."""
    return _rule_parts.platform(variables, "minio_server_url", {"12", "13"})


def binaries(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The unit and the links name it as it stands; the role's own links would lead to themselves."""
    for name in ("minio_server_binary", "minio_client_binary"):
        value = variables.get(name) or ""
        if value and (not _syntax.is_path(value) or value.startswith(("/opt/minio/bin/", *HIDDEN))):
            yield Fault(
                name,
                f"{value!r} is not the path of a program that the service can see",
                "Write an absolute path such as /usr/bin/minio, outside of /home, /root, /tmp and /opt/minio/bin",
            )


def _downloaded(variables: Mapping[str, Any]) -> list[str]:
    """Return which programs are downloaded, and not there already."""
    return [program for program in ("server", "client") if not variables.get(f"minio_{program}_binary")]


def checksums(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A program that runs as a service on a host is never taken without knowing which one it is."""
    for name in (f"minio_{program}_checksum" for program in _downloaded(variables)):
        if name in variables and not (isinstance(variables[name], str) and _CHECKSUM.fullmatch(variables[name])):
            yield Fault(
                name,
                "it is not sha256: or sha512: and the sum in lower-case hexadecimal digits",
                "Take the sum from the release's checksums file; "
                "the role knows those of its own defaults on amd64 and arm64",
            )


def urls(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The sum protects the download, so plain http from a mirror of one's own will do."""
    for name in (f"minio_{program}_url" for program in _downloaded(variables)):
        if name in variables and urlsplit(str(variables[name])).scheme not in ("https", "http", "file"):
            yield Fault(name, "it is not an address that can be downloaded", "Begin it with https://")


def members(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A Debian package holds its program somewhere below usr/; the path becomes one on the host."""
    for program in _downloaded(variables):
        name, url = f"minio_{program}_member", str(variables.get(f"minio_{program}_url", ""))
        value = variables.get(name, "")
        if value and not _syntax.is_member(value):
            yield Fault(name, f"{value!r} is not a path in an archive", "Write it without a slash at its beginning")
        elif name in variables and url.endswith(".deb") and "/" not in str(value):
            yield Fault(name, f"{value!r} is no program in a Debian package", "Write its path, such as usr/bin/silo")


def root_user(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The client program reads the root key from one text, cut at colons."""
    user = variables.get("minio_root_user")
    if "minio_root_user" in variables and not (
        isinstance(user, str) and _rules_minio_contents.KEY_NAME.fullmatch(user)
    ):
        yield Fault(
            "minio_root_user", "it is not a plain name of at least three characters", "Use letters, digits and . _ -"
        )


def root_password(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """MinIO is content with eight characters; this one opens everything."""
    password = variables.get("minio_root_password")
    if "minio_root_password" not in variables:
        return
    if not isinstance(password, str) or len(password) < _rule_parts.PASSWORD_LENGTH:
        yield Fault(
            "minio_root_password",
            f"it is shorter than {_rule_parts.PASSWORD_LENGTH} characters",
            "Let fediops.mastodon.instance_secrets make one, or take a longer one",
        )
    elif not _rules_minio_contents.SECRET.fullmatch(password) or ":" in password:
        yield Fault(
            "minio_root_password",
            "it has a colon, a blank or something besides visible ASCII",
            "Use letters, digits and other punctuation",
        )
    elif password == variables.get("minio_root_user"):
        yield Fault("minio_root_password", "it is the same as minio_root_user", "Take another one")


def listen_address(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A data store listens where it was told to: a wildcard would open it to networks that come later."""
    address = variables.get("minio_listen_address")
    if "minio_listen_address" not in variables:
        return
    try:
        parsed = ipaddress.ip_address(str(address))
    except ValueError:
        yield Fault(
            "minio_listen_address",
            f"{address!r} is not an IP address",
            "Write 127.0.0.1, or the private address of this host",
        )
        return
    if parsed.is_unspecified or parsed.is_multicast:
        yield Fault(
            "minio_listen_address",
            f"{address} is not the address of one network",
            "Name the private address on which the other hosts reach it",
        )


def port(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The server has no capabilities, hence no right to a low port."""
    return _rule_parts.port(variables, "minio_port")


def tls_names(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """They stand in a certificate: a client compares them to the letter with what it connects to."""
    names = _rule_parts.texts(variables.get("minio_tls_names"))
    for name in names:
        if not (_syntax.is_address(name) or _syntax.is_domain(name) or name == "localhost"):
            yield Fault(
                "minio_tls_names",
                f"{name!r} is neither an address nor a host name",
                "Write names in lower case and addresses, without scheme and port",
            )
    address = variables.get("minio_listen_address", "127.0.0.1")
    if names and address not in names:
        yield Fault(
            "minio_tls_names",
            f"it lacks {address}, where the role itself and other hosts connect to",
            "Add minio_listen_address to it",
        )


def tls_certificate_copy(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A copy of a certificate that nobody makes."""
    if variables.get("minio_tls_certificate_copy") and not variables.get("minio_tls_names"):
        yield Fault(
            "minio_tls_certificate_copy",
            "there is no certificate to copy, as minio_tls_names is empty",
            "Set minio_tls_names, or leave this empty",
        )


def console(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """It takes the root key on a web page: nothing for the internet, nor for networks that come later."""
    value = variables.get("minio_console_address") or ""
    if not value:
        return
    address = ipaddress.ip_address(value) if _syntax.is_address(value) else None
    if address is None or address.is_unspecified or address.is_multicast or address.is_global:
        yield Fault(
            "minio_console_address",
            f"{value!r} is not one private address of this host",
            "Write 127.0.0.1 and come in with ssh -L 9001:localhost:9001, or an address in your admin network",
        )
    console_port = variables.get("minio_console_port", 9001)
    if not _syntax.is_port(console_port, lowest=1024) or console_port == variables.get("minio_port", 9000):
        yield Fault(
            "minio_console_port", f"{console_port!r} is not a free port from 1024 to 65535", "Use 9001, or another one"
        )


def peers(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The server compares its own address with them, and refuses a number of drives that it cannot divide."""
    given = _rule_parts.texts(variables.get("minio_peers"))
    if not given:
        return
    if len(given) < 2 or len(set(given)) != len(given) or not all(map(_syntax.is_address, given)):
        yield Fault(
            "minio_peers",
            "it does not name two or more different addresses",
            "List the private address of each host of the store, once",
        )
    if variables.get("minio_listen_address", "127.0.0.1") not in given:
        yield Fault(
            "minio_peers", "minio_listen_address is not in it", "List all hosts of the store, this one included"
        )


def drives(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The server spreads objects over sets of equal size, and does not start with a number that has no such divisor."""
    hosts, dirs = (_rule_parts.texts(variables.get(f"minio_{name}")) for name in ("peers", "data_dirs"))
    number = max(len(hosts), 1) * max(len(dirs), 1)
    if number > 1 and not any(number % size == 0 for size in range(2, 17)):
        yield Fault(
            "minio_data_dirs",
            f"{number} drives cannot be divided into sets of 2 to 16",
            "Change the number of directories, or that of hosts",
        )


def peers_can_be_verified(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A path in the place of the text would be trusted as nobody."""
    name = "minio_peers_certificates"
    pem = variables.get(name) or ""
    if isinstance(pem, str) and pem.strip() and not _syntax.is_certificates(pem):
        yield Fault(name, "it is not PEM text", "Give the text itself, -----BEGIN CERTIFICATE----- and all, not a path")


def region(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Every request is signed for a region; an empty one makes clients and server disagree."""
    value = variables.get("minio_region", "us-east-1")
    if not isinstance(value, str) or not _REGION.fullmatch(value):
        yield Fault("minio_region", "it is empty or has characters that no region has", "Write for example us-east-1")


def data_dirs(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Media must be there after a reboot, and where the sandbox of the service lets it write."""
    if "minio_data_dirs" not in variables:
        return
    dirs = _rule_parts.texts(variables["minio_data_dirs"])
    if not dirs:
        yield Fault("minio_data_dirs", "it names no directory", "Name at least one, such as /var/lib/minio/data")
    for path in dirs:
        if not _PATH.fullmatch(path) or posixpath.normpath(path) != path:
            yield Fault(
                "minio_data_dirs",
                f"{path!r} is not a plain absolute path",
                "Write it from the root, with letters, digits and . _ -, without a slash at the end",
            )
        elif any(f"{path}/".startswith(f"{volatile}/") for volatile in VOLATILE):
            yield Fault(
                "minio_data_dirs",
                f"{path} is emptied at boot or hidden from services",
                "Use a directory below /var/lib or /srv, or a mount of its own",
            )
    for inner in dirs:
        if any(inner.startswith(f"{outer}/") for outer in dirs) or dirs.count(inner) > 1:
            yield Fault(
                "minio_data_dirs", f"{inner} is there twice or lies in another one", "Name separate directories"
            )


def public_url(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The server does not start with a path in it."""
    value = variables.get("minio_public_url", "")
    url = urlsplit(str(value))
    if value != "" and (url.scheme not in ("https", "http") or not url.hostname or url.path or url.query):
        yield Fault("minio_public_url", "it is not the address of a host", "Write for example https://s3.example.org")


def extra_env(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The file holds one setting a line, and the role's own ones are variables of the role."""
    settings = variables.get("minio_extra_env")
    for name, value in settings.items() if isinstance(settings, Mapping) else ():
        if name in OWN_ENVIRONMENT:
            yield Fault("minio_extra_env", f"{name} is written by the role", "Use the role's variable for it")
        elif not _ENV_NAME.fullmatch(str(name)) or any(ord(character) < 32 for character in str(value)):
            yield Fault(
                "minio_extra_env",
                f"{name!r} is no name of a setting, or its value has a line break",
                "Give names such as MINIO_API_REQUESTS_MAX, and values of one line",
            )


RULES: tuple[Callable[[Mapping[str, Any]], Iterable[Fault]], ...] = (
    platform,
    binaries,
    checksums,
    urls,
    members,
    root_user,
    root_password,
    listen_address,
    port,
    tls_names,
    tls_certificate_copy,
    console,
    peers,
    drives,
    peers_can_be_verified,
    region,
    data_dirs,
    public_url,
    extra_env,
    *_rules_minio_contents.RULES,
)
