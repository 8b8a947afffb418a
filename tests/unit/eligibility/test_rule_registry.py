"""The registry: all 25 rules are there, documented, sourced, and tried by tests that name them."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

from shared.domain.eligibility import RULES, filing

assert filing  # E22 is declared there; the eligibility mode itself does not load it
IDS = [f"E{number:02}" for number in range(1, 26)]
SUITES = sorted(Path(__file__).parent.glob("test_*.py"))


def rules_tried() -> dict[str, set[str]]:
    """Rule id → the test functions that name it: `test_e02_…`."""
    found: dict[str, set[str]] = {}
    for suite in SUITES:
        for node in ast.walk(ast.parse(suite.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_e"):
                found.setdefault(node.name[5:8].upper(), set()).add(node.name)
    return found


def test_every_rule_is_declared_once_and_in_order() -> None:
    assert sorted(RULES) == IDS


@pytest.mark.parametrize("rule_id", IDS)
def test_every_rule_says_what_it_is_and_where_it_comes_from(rule_id: str) -> None:
    rule = RULES[rule_id]
    assert rule.id == rule_id
    assert len(rule.title) > 30
    assert rule.source
    for path in rule.functions:
        module, _, name = path.rpartition(".")
        function = getattr(importlib.import_module(module), name)
        assert function.__doc__.startswith(f"{rule_id}: "), path


@pytest.mark.parametrize("rule_id", IDS)
def test_every_rule_is_tried_at_its_edges(rule_id: str) -> None:
    assert len(rules_tried().get(rule_id, ())) >= 2, f"name tests test_{rule_id.lower()}_…"
