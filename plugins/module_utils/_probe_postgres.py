# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes of PostgreSQL, from its own host and from the app's. PRIVATE to the collection."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterator

from ansible_collections.fediops.mastodon.plugins.module_utils._acceptance import Finding, clean, fail, ok, warn
from ansible_collections.fediops.mastodon.plugins.module_utils._probe_base import Context, ProbeError

# One line of fields; psql quotes the names given with --set, on standard input only.
QUESTION = """
SELECT current_setting('server_version'), current_setting('data_checksums'),
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
       current_setting('max_connections'),
       coalesce((SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = :'database'), ''),
       (SELECT max(age(datfrozenxid)) FROM pg_database),
       (SELECT count(*) FROM pg_database WHERE datcollversion <> pg_database_collation_actual_version(oid));
"""
# At two thousand million the server stops writing; autovacuum should act at a tenth of that.
OLD_TRANSACTIONS = 1_000_000_000
PROTOCOL = 196608
TLS_REQUEST = 80877103
SASL = 10


def postgres(context: Context, *, database: str, owner: str, port: int = 5432) -> Iterator[Finding]:
    """Ask the server on this host, as its own administrator; no password is needed for that."""
    told = context.run(
        [
            "runuser",
            "-u",
            "postgres",
            "--",
            "psql",
            "-XAtq",
            "-F",
            "|",
            "-v",
            "ON_ERROR_STOP=1",
            "-v",
            f"database={database}",
            "-p",
            str(port),
            "-d",
            "postgres",
        ],
        QUESTION,
    )
    yield from judge(told, database, owner)


def judge(told: str, database: str, owner: str) -> Iterator[Finding]:
    """Judge what the server told of itself."""
    try:
        version, checksums, used, limit, found, age, stale = told.strip().split("|")
        connections, most, oldest, collations = int(used), int(limit), int(age), int(stale)
    except ValueError as error:
        raise ProbeError(f"psql printed something else: {clean(told, 100)}", "Run psql as postgres and see") from error
    if checksums == "on":
        yield ok(f"version {version}, data checksums on", "PostgreSQL server")
    else:
        yield warn(
            f"version {version}, data checksums off: a bad disk stays unnoticed",
            "Stop the server and run pg_checksums --enable",
            "PostgreSQL server",
        )
    detail, name = f"{connections} of {most} in use", "PostgreSQL connections"
    if connections > most * 0.9:
        yield fail(detail, "Raise postgres_max_connections, or lower threads of web and Sidekiq", name)
    else:
        yield ok(detail, name)
    name = "PostgreSQL database"
    if found != owner:
        yield fail(
            f"{database} belongs to {found}, not to {owner}" if found else f"{database} does not exist",
            "Run site.yml; restore a backup if there were data",
            name,
        )
    elif collations:
        yield fail(
            "the system's sort order changed under the indexes: text may no longer be found",
            "REINDEX DATABASE, then ALTER DATABASE … REFRESH COLLATION VERSION",
            name,
        )
    elif oldest > OLD_TRANSACTIONS:
        yield warn(
            f"{database} was not vacuumed for {oldest} transactions", "See what keeps autovacuum from working", name
        )
    else:
        yield ok(f"{database} belongs to {found}", name)


def postgres_login(
    context: Context, *, host: str, database: str, user: str, port: int = 5432, certificate: str = ""
) -> Iterator[Finding]:
    """Knock as the app does and see what the server asks for. Every page proves the password itself."""
    with context.connect(host, port) as plain:
        connection = _encrypted(context, plain, host, certificate) if certificate else plain
        connection.sendall(startup(user, database))
        kind, body = read_message(connection)
    yield judge_login(kind, body, user)


def _encrypted(context: Context, plain: socket.socket, host: str, certificate: str) -> ssl.SSLSocket:
    """Ask for TLS and verify the server by the certificate, given as PEM text."""
    plain.sendall(struct.pack("!ii", 8, TLS_REQUEST))
    if _exactly(plain, 1) != b"S":
        raise ProbeError("the server speaks no TLS", "Run site.yml: it gives the server its certificate")
    return context.trust(certificate).wrap_socket(plain, server_hostname=host)


def startup(user: str, database: str) -> bytes:
    """Return the first message of a session."""
    words = b"".join(part.encode() + b"\0" for part in ("user", user, "database", database)) + b"\0"
    return struct.pack("!ii", len(words) + 8, PROTOCOL) + words


def read_message(connection: socket.socket) -> tuple[str, bytes]:
    """Return kind and body of one message of the server."""
    head = _exactly(connection, 5)
    kind, length = chr(head[0]), struct.unpack("!i", head[1:])[0]
    if kind not in "RE" or not 4 <= length <= 65536:
        raise ProbeError("what answers is not PostgreSQL", "See what listens on that port")
    return kind, _exactly(connection, length - 4)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def judge_login(kind: str, body: bytes, user: str) -> Finding:
    """Judge the server's first answer: it should ask for a password, and only with SCRAM."""
    if kind == "E":
        fields = {part[:1]: part[1:] for part in body.split(b"\0") if part}
        words = fields.get(b"M", b"no reason given").decode("utf-8", "replace")
        return fail(
            f"refuses {user}: {clean(words, 160)}",
            "Run site.yml: it writes pg_hba.conf; then read the log of the server",
        )
    asked = struct.unpack("!i", body[:4])[0] if len(body) >= 4 else -1
    if asked == SASL:
        return ok(f"ready, asks {user} for a password (SCRAM)")
    if asked == 0:
        return fail(f"lets {user} in without a password", "Some line of pg_hba.conf says trust: remove it")
    return fail(f"asks {user} for a password, but not with SCRAM", "Use scram-sha-256 in postgres_hba")
