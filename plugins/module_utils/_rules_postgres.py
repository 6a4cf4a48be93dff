# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of role postgres that cannot work. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable

from ansible_collections.fediops.mastodon.plugins.module_utils import _rule_parts, _rules_postgres_questions
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault
from ansible_collections.fediops.mastodon.plugins.module_utils._pg_conf import SETTING_NAME, quote

MAJORS = (15, 16, 17, 18)

# Written without quotes in SQL, in pg_hba.conf and in connection strings alike.
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_HOST = re.compile(r"(?=.{1,253}$)[a-z]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_RESERVED_USERS = frozenset({"postgres", "public", "none", "all", "current_user", "session_user", "user"})
_RESERVED_DATABASES = frozenset({"postgres", "template0", "template1", "all", "sameuser", "samerole", "replication"})
_HBA_TYPES = ("host", "hostssl")

# Settings that have a variable of their own or a place that the role relies on, with the cure.
_OWN_VARIABLE = {
    "listen_addresses": "Set postgres_listen_addresses",
    "port": "Set postgres_port",
    "max_connections": "Set postgres_max_connections",
    "password_encryption": "Leave it out: the role stores passwords as scram-sha-256 only",
}
_DEBIANS = frozenset(
    {
        "data_directory",
        "hba_file",
        "ident_file",
        "config_file",
        "external_pid_file",
        "unix_socket_directories",
        "include",
        "include_dir",
        "include_if_exists",
        "cluster_name",
    }
)


def known_version(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Majors differ in settings and in how they are upgraded; those that are out of support get no fixes."""
    if "postgres_version" in variables and _rule_parts.whole_number(variables["postgres_version"]) not in (0, *MAJORS):
        yield Fault(
            "postgres_version",
            "it is not a major version that this role knows",
            f"Give one of {', '.join(map(str, MAJORS))} without quotes, or 0 for the distribution's own",
        )


def port(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The server runs as user postgres and has no right to a low port."""
    return _rule_parts.port(variables, "postgres_port")


def listen_addresses(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The database listens on addresses that were named."""
    return _rule_parts.listen_addresses(variables, "postgres_listen_addresses")


def memory(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The share must exist, and be worth tuning; 0 is a quarter of what there is."""
    if variables.get("postgres_memory_mb") != 0:
        yield from _rule_parts.memory_share(variables, "postgres_memory_mb", least=256)


def max_connections(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A few are reserved for the superuser; thousands of them need a pooler, not a bigger number."""
    if "postgres_max_connections" not in variables:
        return
    number = _rule_parts.whole_number(variables["postgres_max_connections"])
    if number is None or not 20 <= number <= 2000:
        yield Fault(
            "postgres_max_connections",
            "it is not a whole number from 20 to 2000",
            "Count the pools of the app's processes and add a margin; above 2000 put a pooler in front",
        )


def user_names(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The superuser belongs to Debian, and some names mean something else in pg_hba.conf."""
    yield from _names(variables, "postgres_users", _RESERVED_USERS)


def database_names(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The cluster's own databases stay as they are, and some names mean something else in pg_hba.conf."""
    yield from _names(variables, "postgres_databases", _RESERVED_DATABASES)


def duplicate_users(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Two passwords for one role would be written in turn, for ever."""
    return _rule_parts.duplicates(variables, "postgres_users")


def duplicate_databases(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Two owners of one database would be written in turn, for ever."""
    return _rule_parts.duplicates(variables, "postgres_databases")


def passwords(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The verifier of a short password is guessed by whoever reads a backup."""
    return _rule_parts.passwords(variables, "postgres_users")


def owners_exist(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A database without its owner cannot be created."""
    users = _declared(variables, "postgres_users")
    for database in _rule_parts.records(variables, "postgres_databases"):
        owner = database.get("owner")
        if owner not in users:
            yield Fault(
                "postgres_databases",
                f"the owner of {database.get('name')!r}, {owner!r}, is not a user",
                "Name one of postgres_users, or add the user there",
            )


def hba_method(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Everything weaker than SCRAM lets in whoever can listen or pretend."""
    for rule in _rule_parts.records(variables, "postgres_hba"):
        method = rule.get("method", "scram-sha-256")
        if method != "scram-sha-256":
            yield Fault("postgres_hba", f"method {method!r} is not allowed", "Write scram-sha-256, or leave it out")


def hba_type(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Connections over the unix socket are the superuser's; the role writes that line itself."""
    for rule in _rule_parts.records(variables, "postgres_hba"):
        kind = rule.get("type", "host")
        if kind not in _HBA_TYPES:
            yield Fault("postgres_hba", f"type {kind!r} is not allowed", f"Write {' or '.join(_HBA_TYPES)}")


def hba_address(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """PostgreSQL takes a network with host bits for another one than the admin meant, and 0.0.0.0/0 for the world."""
    for rule in _rule_parts.records(variables, "postgres_hba"):
        address = rule.get("address")
        try:
            # Without a prefix length ip_network() would take a lone address, which PostgreSQL refuses at reload.
            network = ipaddress.ip_network(address) if isinstance(address, str) and "/" in address else None
        except ValueError:
            network = None
        if network is None:
            yield Fault(
                "postgres_hba",
                f"address {address!r} is not a network in CIDR form",
                "Write 192.0.2.0/24, 192.0.2.7/32 or 2001:db8::/64, with no bits set after the prefix",
            )
        elif network.prefixlen == 0:
            yield Fault("postgres_hba", f"address {address} is the whole internet", "Name the app's private network")


def hba_names(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A rule for a user or database that does not exist opens nothing; most often it is a typing error."""
    for key, declared_in in (("user", "postgres_users"), ("database", "postgres_databases")):
        declared = _declared(variables, declared_in)
        for rule in _rule_parts.records(variables, "postgres_hba"):
            if rule.get(key) not in declared:
                yield Fault(
                    "postgres_hba",
                    f"{key} {rule.get(key)!r} is not in {declared_in}",
                    f"Correct the name, or add it to {declared_in}",
                )


def free_settings(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A setting with two sources would follow the one that the admin does not look at."""
    settings = variables.get("postgres_settings")
    for name in settings if isinstance(settings, Mapping) else ():
        if name in _OWN_VARIABLE:
            yield Fault("postgres_settings", f"{name} does not belong here", _OWN_VARIABLE[name])
        elif name in _DEBIANS:
            yield Fault("postgres_settings", f"{name} is set by Debian's packaging, which relies on it", "Leave it out")


def readable_settings(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """What cannot be written in postgresql.conf would stop the server at its next start."""
    settings = variables.get("postgres_settings")
    for name, value in settings.items() if isinstance(settings, Mapping) else ():
        if not isinstance(name, str) or not SETTING_NAME.fullmatch(name):
            yield Fault("postgres_settings", f"{name!r} is not the name of a setting", "Use lower case, as in SHOW ALL")
            continue
        try:
            quote(value)
        except ValueError as error:
            yield Fault("postgres_settings", f"{name}: {error}", "Give a text, a number, true, false or a list")


def platform(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Clusters are made by Debian's pg_createcluster."""
    return _rule_parts.platform(variables, "postgres_version", {"12", "13"})


def tls_names(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """They stand in a certificate: a client compares them to the letter with what it connects to."""
    for name in _rule_parts.texts(variables.get("postgres_tls_names")):
        if not _is_host(name):
            yield Fault(
                "postgres_tls_names",
                f"{name!r} is neither a host name nor an IP address",
                "Write what clients connect to, such as 10.235.0.1 or db.example.org",
            )


def _is_host(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return _HOST.fullmatch(name) is not None
    return True


def tls_is_there(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A copy of a certificate that nobody makes."""
    if variables.get("postgres_tls_certificate_copy") and not variables.get("postgres_tls_names"):
        yield Fault(
            "postgres_tls_certificate_copy",
            "there is no certificate to copy, as postgres_tls_names is empty",
            "List the names and addresses that clients connect to, or leave the copy empty",
        )


def _declared(variables: Mapping[str, Any], name: str) -> set[Any]:
    return {record["name"] for record in _rule_parts.records(variables, name) if isinstance(record.get("name"), str)}


def _names(variables: Mapping[str, Any], name: str, reserved: frozenset[str]) -> Iterator[Fault]:
    for record in _rule_parts.records(variables, name):
        entry = record.get("name")
        if not isinstance(entry, str) or not _NAME.fullmatch(entry):
            yield Fault(
                name,
                f"{entry!r} is not a plain name",
                "Use lower-case letters, digits and _, at most 63, not starting with a digit",
            )
        elif entry in reserved or entry.startswith("pg_"):
            yield Fault(name, f"{entry!r} means something to PostgreSQL itself", "Take another name")


RULES: tuple[Callable[[Mapping[str, Any]], Iterable[Fault]], ...] = (
    platform,
    known_version,
    port,
    listen_addresses,
    memory,
    max_connections,
    user_names,
    duplicate_users,
    passwords,
    database_names,
    duplicate_databases,
    owners_exist,
    hba_type,
    hba_method,
    hba_address,
    hba_names,
    free_settings,
    readable_settings,
    tls_names,
    tls_is_there,
    *_rules_postgres_questions.RULES,
)
