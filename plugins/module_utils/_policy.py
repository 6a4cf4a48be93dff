# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies compared by what they mean. PRIVATE to the collection: no other code may rely on it.

Stores rewrite the documents they are given: they sort, turn lists into strings or strings into lists, add empty Sids,
merge and split statements. So a document is taken apart into a set of atoms - one effect, one principal, one action,
one resource and the whole condition each - and two documents are equal if and only if their sets are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils import _policy_values

OLD_VERSION = "2008-10-17"  # what a document without a Version means
VERSION = "2012-10-17"

_ROOT = re.compile(r"arn:[^:]+:iam::(\d{12}):root")
_DOCUMENT = frozenset({"Version", "Id", "Statement"})
_KNOWN = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)


class PolicyError(ValueError):
    """A document that is not a policy; the text says where."""


@dataclass(frozen=True, order=True)
class Atom:
    """The smallest thing a policy says. Printed, it is a line of a diff that a person reads."""

    effect: str
    principal: str
    action: str
    resource: str
    condition: str = ""

    def __str__(self) -> str:
        who = "anybody" if self.principal == "*" else self.principal
        words = [self.effect.lower(), who, self.action, self.resource]
        if self.condition:
            words.append(f"if {self.condition}")
        return " ".join(word for word in words if word)


def load(document: Any) -> dict[str, Any]:
    """Return a policy that a person wrote, as mapping or JSON text; anything else is a PolicyError.

    One without a statement is refused: it would take away all that others said, which has an option of its own.
    """
    if isinstance(document, (str, bytes)):
        try:
            document = json.loads(document)
        except ValueError as error:
            raise PolicyError(f"the policy is not JSON: {error}") from None
    if not isinstance(document, Mapping):
        raise PolicyError("a policy is a mapping with a Statement")
    unknown = sorted(str(key) for key in document if key not in _DOCUMENT)
    if unknown:
        raise PolicyError(f"a policy has no {', '.join(unknown)}; it has {', '.join(sorted(_DOCUMENT))}")
    if not statements(document):
        raise PolicyError("the policy has no statement; to have none, say so with state=absent")
    return dict(document)


def statements(document: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """Return the statements of a document; a single one may stand without its list."""
    found = (document or {}).get("Statement") or []
    found = [found] if isinstance(found, Mapping) else found
    if not isinstance(found, list) or not all(isinstance(statement, Mapping) for statement in found):
        raise PolicyError("Statement is a list of mappings")
    return found


def atoms(document: Mapping[str, Any] | None) -> frozenset[Atom]:
    """Return everything a document says, as a set. No document, or no statement, says nothing."""
    version = str((document or {}).get("Version") or OLD_VERSION)
    return frozenset(atom for statement in statements(document) for atom in _expand(statement, version))


def _expand(statement: Mapping[str, Any], version: str) -> Iterable[Atom]:
    effect = statement.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyError(f"Effect is Allow or Deny, not {effect!r}")
    condition = _condition(statement.get("Condition") or {}, version)
    # An element that we do not know must not be lost, or two different documents would be equal.
    unknown = {key: value for key, value in statement.items() if key not in _KNOWN}
    if unknown:
        condition += json.dumps(unknown, sort_keys=True, default=str)
    # "*" and {"AWS": "*"} both mean everybody where a resource is given; in a trust policy they differ.
    on_resource = "Resource" in statement or "NotResource" in statement
    for principal in _element(statement, "Principal", lambda value: _principals(value, on_resource)):
        for action in _element(statement, "Action", lambda value: {text.lower() for text in _texts("Action", value)}):
            for resource in _element(statement, "Resource", lambda value: _resources(value, version)):
                yield Atom(effect, principal, action, resource, condition)


def _element(statement: Mapping[str, Any], name: str, read: Any) -> list[str]:
    """Return the members of an element, one by one. Its Not form means "all but these" and so stays in one piece."""
    if name in statement and f"Not{name}" in statement:
        raise PolicyError(f"a statement has either {name} or Not{name}")
    if f"Not{name}" in statement:
        return ["all but " + ", ".join(_quoted(text) for text in sorted(read(statement[f"Not{name}"])))]
    if name in statement:
        return sorted(read(statement[name]))
    return [""]


def _quoted(text: str) -> str:
    # A key may hold a comma; two names must not read like one.
    return json.dumps(text) if "," in text else text


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _texts(name: str, value: Any) -> set[str]:
    values = _listed(value)
    if not all(isinstance(text, str) for text in values):
        raise PolicyError(f"{name} is a text or a list of texts")
    return set(values)


def _principals(value: Any, on_resource: bool) -> set[str]:
    if not isinstance(value, Mapping):
        # AWS and MinIO know no text but "*" here; others take users' names, too, and lists of both.
        names = _texts("Principal", value)
        return {"*" for name in names if name == "*"} | _principals({"AWS": sorted(names - {"*"})}, on_resource)
    found = set()
    for kind, names in value.items():
        for name in _texts("Principal", names):
            if name == "*" and kind == "AWS" and on_resource:
                kind_and_name = "*"
            elif kind == "AWS":
                # `arn:PARTITION:iam::ACCOUNT:root` is the account itself; stores write it either way.
                root = _ROOT.fullmatch(name)
                kind_and_name = f"AWS {root[1] if root else name}"
            else:
                kind_and_name = f"{kind} {name}"
            found.add(kind_and_name)
    return found


def _resources(value: Any, version: str) -> set[str]:
    return {_variables(text, version) for text in _texts("Resource", value)}


def _variables(text: str, version: str) -> str:
    """Only the newer version of the language fills in `${...}`; the older one takes it literally."""
    return f"literally {text}" if "${" in text and version != VERSION else text


def _condition(block: Any, version: str) -> str:
    """Return the condition as one canonical text. All its parts hold together, so it is never split."""
    if not isinstance(block, Mapping) or not all(isinstance(keys, Mapping) for keys in block.values()):
        raise PolicyError("Condition is a mapping of operators to mappings of keys to values")
    parts = []
    for operator, keys in block.items():
        for key, value in keys.items():
            try:
                values = {_policy_values.canonical(operator, each) for each in _listed(value)}
            except TypeError as error:
                raise PolicyError(str(error)) from None
            # Condition keys are not case sensitive, operators and values are.
            parts.append([operator, key.lower(), sorted(_variables(text, version) for text in values)])
    return " and ".join(f"{operator} {key} {json.dumps(values)}" for operator, key, values in sorted(parts))


@dataclass(frozen=True)
class Plan:
    """What has to change: the document to write (None: have no policy), and the atoms that come and go."""

    document: dict[str, Any] | None
    before: frozenset[Atom]
    after: frozenset[Atom]

    @property
    def changed(self) -> bool:
        """Whether the store has to be told anything."""
        return self.before != self.after

    @property
    def added(self) -> list[str]:
        """What will be said that is not said now."""
        return describe(self.after - self.before)

    @property
    def removed(self) -> list[str]:
        """What is said now and will not be said any more."""
        return describe(self.before - self.after)


def plan(
    current: Mapping[str, Any] | None,
    wanted: Mapping[str, Any] | None,
    *,
    purge: bool,
    ours: Mapping[str, Any] | None = None,
    mark: str = "",
) -> Plan:
    """Decide what to write so that the wanted document holds.

    With purge nothing else remains. Without it the statements of others stay; ours are those that carry a Sid of the
    wanted document (or of `ours`, for taking something back) or one that begins with `mark`, or that say nothing that
    those documents do not say.
    """
    target = dict(wanted) if wanted and statements(wanted) else None
    if not purge:
        mine = atoms(wanted) | atoms(ours)
        sids = {each["Sid"] for document in (wanted, ours) for each in statements(document) if each.get("Sid")}
        version = str((current or {}).get("Version") or OLD_VERSION)
        others = [
            each
            for each in statements(current)
            if each.get("Sid") not in sids and not (mark and str(each.get("Sid") or "").startswith(mark))
        ]
        kept = [each for each in others if not frozenset(_expand(each, version)) <= mine]
        if kept:
            target = {**(current or {}), "Statement": [*kept, *statements(wanted)]}
            if not atoms(wanted) <= atoms(target):
                raise PolicyError(
                    f"the bucket's policy has Version {version}, in which the wanted one means something "
                    "else; replace it as a whole (purge), or bring it to the newer version first"
                )
    return Plan(target, atoms(current), atoms(target))


def describe(found: Iterable[Atom]) -> list[str]:
    """Return atoms as sorted lines for people."""
    return [str(atom) for atom in sorted(found)]
