# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Render a role's template the way Ansible does, and read configurations made of nested blocks back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROLES = Path(__file__).resolve().parents[3] / "roles"


def render(role: str, template: str, variables: dict[str, Any]) -> str:
    """Return the rendered template; variables override the role's defaults."""
    loader = DataLoader()
    known: dict[str, Any] = {
        "ansible_managed": "Ansible managed",
        "ansible_facts": {"architecture": "x86_64"},
        "ansible_search_path": [str(ROLES / role)],
        "template_under_test": template,
    }
    for part in ("defaults", "vars"):
        known |= loader.load_from_file(str(ROLES / role / part / "main.yml"), trusted_as_template=True)
    templar = Templar(loader=loader, variables=known | variables)
    return str(
        templar.template(
            trust_as_template("{{ lookup('ansible.builtin.template', template_under_test, lstrip_blocks=true) }}")
        )
    )


@dataclass
class Block:
    """A directive, with the directives in its braces when it has some."""

    words: str
    members: list[Block] = field(default_factory=list)

    def __iter__(self) -> Iterator[Block]:
        """Go through all directives below, at any depth."""
        for member in self.members:
            yield member
            yield from member

    def lines(self) -> list[str]:
        """Return the words of all directives below."""
        return [member.words for member in self]

    def find(self, start: str) -> Block:
        """Return the only directive below that starts with the given words."""
        found = [member for member in self if member.words == start or member.words.startswith(f"{start} ")]
        assert len(found) == 1, f"{start!r}: {[member.words for member in found]}"
        return found[0]


def read(tokens: Iterator[tuple[str, str]]) -> Block:
    """Build blocks from (words, what ends them): an opening brace, a closing one, or the end of the directive."""
    root = Block("")
    stack = [root]
    for words, end in tokens:
        if end == "}":
            assert len(stack) > 1, "a brace too many"
            stack.pop()
            continue
        stack[-1].members.append(Block(words))
        if end == "{":
            stack.append(stack[-1].members[-1])
    assert len(stack) == 1, f"{stack[-1].words!r} is not closed"
    return root


def read_caddyfile(text: str) -> Block:
    """Read a Caddyfile: one directive a line, braces at the end of a line or alone."""

    def tokens() -> Iterator[tuple[str, str]]:
        for line in re.sub(r"<<HTML\n.*?\n\s*HTML", "<page>", text, flags=re.S).splitlines():
            words = line.strip()
            if words == "}":
                yield "", "}"
            elif words.endswith("{"):
                yield words[:-1].strip(), "{"
            elif words and not words.startswith("#"):
                yield words, ""

    return read(tokens())


def read_unit(text: str) -> dict[str, dict[str, list[str]]]:
    """Read systemd's format: section, directive, and all its values in their order."""
    found: dict[str, dict[str, list[str]]] = {}
    section: dict[str, list[str]] = {}
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            name, _sign, value = line.partition("=")
            section.setdefault(name, []).append(value)
    return found


def read_nginx(text: str) -> Block:
    """Read nginx's format: directives end with a semicolon, blocks have braces."""

    def tokens() -> Iterator[tuple[str, str]]:
        bare = re.sub(r"(?m)^\s*#.*$", "", text)
        for match in re.finditer(r"""((?:"[^"]*"|[^;{}"])*)([;{}])""", bare):
            words = " ".join(match[1].split())
            assert not (match[2] == "}" and words), f"{words!r} lacks a semicolon"
            yield words, match[2]

    return read(tokens())
