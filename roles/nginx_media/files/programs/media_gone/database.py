# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions that the instance's database answers."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Upload = tuple[str, int, str]


class UnavailableError(Exception):
    """The database does not answer, or not this question."""


class Database:
    """One connection, made anew when it breaks. Each question is a transaction that changes nothing."""

    def __init__(self, settings: Mapping[str, Any], own: Path) -> None:
        """Take how to get there; a certificate is written into a directory of our own."""
        # Debian's package is there only where a database is asked.
        self._driver: Any = importlib.import_module("psycopg2")
        self._connection: Any = None
        self._lock = threading.Lock()
        self._to: dict[str, Any] = {
            "host": settings["host"],
            "port": settings["port"],
            "dbname": settings["name"],
            "user": settings["user"],
            "password": settings["password"],
            "application_name": "nginx-media-gone",
            "connect_timeout": 5,
            "tcp_user_timeout": 15000,
            "options": "-c statement_timeout=20000",
            "sslmode": "require" if settings["tls"] else "prefer",
        }
        if settings["certificate"]:
            (own / "database.pem").write_text(settings["certificate"])
            self._to |= {"sslmode": "verify-full", "sslrootcert": str(own / "database.pem")}

    def hidden(self) -> list[Upload]:
        """Return what nobody may see: kind, id and name of the file."""
        return self._uploads("SELECT kind, id, file_name FROM fediops.hidden_media()")

    def loose(self) -> list[Upload]:
        """Return uploads that hang on no post, of which Mastodon deletes many at once, and tells nobody."""
        return self._uploads("SELECT kind, id, file_name FROM fediops.loose_media()")

    def present(self, ids: list[int]) -> set[int]:
        """Return those of these media attachments that are there."""
        question = "SELECT id FROM unnest(%s::bigint[]) AS id WHERE fediops.media_exists(id)"
        return {int(number) for (number,) in self._ask(question, (ids,))}

    def _uploads(self, question: str) -> list[Upload]:
        return [(str(kind), int(number), str(name or "")) for kind, number, name in self._ask(question, ())]

    def _ask(self, question: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._driver.connect(**self._to)
                    self._connection.set_session(readonly=True, autocommit=True)
                with self._connection.cursor() as cursor:
                    cursor.execute(question, values)
                    found: list[tuple[Any, ...]] = cursor.fetchall()
                    return found
            except self._driver.Error as error:
                if self._connection is not None:
                    self._connection.close()
                self._connection = None
                raise UnavailableError(" ".join(str(error).split())) from None
