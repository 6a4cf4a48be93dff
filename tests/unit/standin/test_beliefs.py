# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of beliefs and the tests that prove them belong together, one to one. Needs no engine."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.contract.beliefs import BELIEFS, REFUSALS, STORAGE

ROOT = Path(__file__).resolve().parents[3]
TABLE_DRIVEN = "test_refusal"


def proofs() -> list[str]:
    """Return the names of all contract tests."""
    return [
        node.name
        for file in sorted((ROOT / "tests/contract").glob("test_*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def test_every_belief_has_its_proof() -> None:
    assert sorted(proofs()) == sorted([TABLE_DRIVEN, *(f"test_{name}" for name in {**BELIEFS, **STORAGE})])


def test_every_belief_says_something_and_where_it_comes_from() -> None:
    for name, belief in {**BELIEFS, **REFUSALS, **STORAGE}.items():
        assert belief.says.endswith("."), name
        assert belief.source, name
