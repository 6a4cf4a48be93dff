# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions of role postgres that cannot be asked. PRIVATE to the collection: no other code may rely on it.

What passes is written into SQL as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable

from ansible_collections.fediops.mastodon.plugins.module_utils import _rule_parts
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault
from ansible_collections.fediops.mastodon.plugins.module_utils._pg_questions import QUOTE

VARIABLE = "postgres_questions"
_NAME = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,62}\.[a-z_][a-z0-9_]{0,62}")
_NOT_OURS = ("public.", "information_schema.")
_TYPES = re.compile(r"[A-Za-z0-9_ ,()\[\]]*")


def _label(question: Mapping[str, Any]) -> str:
    return f"question {question.get('name')!r}"


def names(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """In the schema of the tables a function of ours would be in the way of the application's own."""
    yield from _rule_parts.duplicates(variables, VARIABLE)
    for question in _rule_parts.records(variables, VARIABLE):
        name = question.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name.startswith(_NOT_OURS):
            yield Fault(
                VARIABLE,
                f"{name!r} is not a schema of its own and a function",
                "Write schema.function in lower-case letters, digits and _; not in public",
            )


def databases(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """It is asked of a database that the role looks after, whose owner it knows."""
    known = [record.get("name") for record in _rule_parts.records(variables, "postgres_databases")]
    for question in _rule_parts.records(variables, VARIABLE):
        if question.get("database") not in known:
            yield Fault(
                VARIABLE,
                f"{_label(question)}: database {question.get('database')!r} is not in postgres_databases",
                "Correct the name, or add it to postgres_databases",
            )


def users(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Whom nobody knows cannot be let in, and a question that nobody may ask is a mistake."""
    known = [record.get("name") for record in _rule_parts.records(variables, "postgres_users")]
    for question in _rule_parts.records(variables, VARIABLE):
        named = _rule_parts.texts(question.get("users"))
        if not named:
            yield Fault(VARIABLE, f"{_label(question)}: nobody may ask it", "Name some of postgres_users in its users")
        for user in named:
            if user not in known:
                yield Fault(
                    VARIABLE,
                    f"{_label(question)}: user {user!r} is not in postgres_users",
                    "Correct the name, or add it to postgres_users",
                )


def types(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Arguments and result are types; a default or an attribute here would go around what the role makes safe."""
    for question in _rule_parts.records(variables, VARIABLE):
        for part in ("arguments", "returns"):
            value = question.get(part, "")
            if not isinstance(value, str) or not _TYPES.fullmatch(value) or (part == "returns" and not value.strip()):
                yield Fault(
                    VARIABLE,
                    f"{_label(question)}: {part} {value!r} are not types",
                    "Write them as PostgreSQL prints them, such as bigint, or TABLE(id bigint, name text)",
                )


def answers(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The body must end where it ends."""
    for question in _rule_parts.records(variables, VARIABLE):
        answer = question.get("answer")
        if not isinstance(answer, str) or not answer.strip() or QUOTE in answer:
            yield Fault(
                VARIABLE, f"{_label(question)}: its answer is no SQL", f"Give one SELECT as text, without {QUOTE}"
            )


RULES: tuple[Callable[[Mapping[str, Any]], Iterable[Fault]], ...] = (names, databases, users, types, answers)
