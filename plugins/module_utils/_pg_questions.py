# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions by which a role asks one thing of a database whose tables are closed to it. PRIVATE to the collection.

Such a function runs with the rights of the database's owner, so everything that makes this safe is written here and
compared each time: who may call it, a search path that nobody can lead astray, a body that is only text. Text, since a
parsed body would depend on tables, and the application could no longer change them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# Without it a caller's own schema could replace what the body means.
SEARCH_PATH = "search_path=pg_catalog, pg_temp"
# Nobody's SQL holds it; a rule refuses a body that does.
QUOTE = "$answer$"


def differing(
    questions: Sequence[Mapping[str, Any]],
    databases: Sequence[Mapping[str, Any]],
    found: Mapping[str, Sequence[Mapping[str, Any]]],
) -> list[dict[str, Any]]:
    """Return those that a database lacks or has otherwise, each with the statements that make it right."""
    owners = {str(database["name"]): str(database["owner"]) for database in databases}
    wrong = []
    for question in questions:
        database = str(question["database"])
        rows = [row for row in found.get(database) or () if row["name"] == question["name"]]
        if len(rows) != 1 or _differs(question, owners[database], rows[0]):
            statements = list(_statements(question, owners[database], rows))
            wrong.append({"name": question["name"], "database": database, "statements": statements})
    return wrong


def signature(text: str) -> str:
    """Return argument or result types in one form, whatever the blanks."""
    return re.sub(r"\s*([(),])\s*", r"\1", " ".join(text.split())).lower()


def _same_signature(question: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    return all(
        signature(str(question.get(part) or "")) == signature(str(row[part])) for part in ("arguments", "returns")
    )


def _differs(question: Mapping[str, Any], owner: str, row: Mapping[str, Any]) -> bool:
    users = set(question["users"])
    return not (
        _same_signature(question, row)
        and row["body"] == question["answer"]
        and row["owner"] == owner
        and row["shape"] == "sql stable definer"
        and row["settings"] == [SEARCH_PATH]
        and set(row["callers"]) - {owner} == users
        and users <= set(row["visitors"]) & set(row["guests"])
    )


def _statements(question: Mapping[str, Any], owner: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Names were checked by rules: none of them needs quotes."""
    name, users = str(question["name"]), ", ".join(question["users"])
    schema = name.partition(".")[0]
    function = f"{name}({question.get('arguments') or ''})"
    for row in rows:
        if not _same_signature(question, row):
            yield f"DROP FUNCTION {name}({row['arguments']})"
    yield f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {owner}"
    yield f"GRANT USAGE ON SCHEMA {schema} TO {users}"
    # The tables may come later: whoever asks before gets an error, and asks again.
    yield "SET LOCAL check_function_bodies = off"
    yield (
        f"CREATE OR REPLACE FUNCTION {function} RETURNS {question['returns']} LANGUAGE sql STABLE SECURITY DEFINER"
        f" SET search_path = pg_catalog, pg_temp AS {QUOTE}{question['answer']}{QUOTE}"
    )
    yield f"ALTER FUNCTION {function} OWNER TO {owner}"
    strangers = {str(caller) for row in rows for caller in row["callers"]} - {owner, "public", *question["users"]}
    yield f"REVOKE ALL ON FUNCTION {function} FROM {', '.join(['PUBLIC', *sorted(strangers)])}"
    yield f"GRANT EXECUTE ON FUNCTION {function} TO {users}"
    yield f"GRANT CONNECT ON DATABASE {question['database']} TO {users}"
