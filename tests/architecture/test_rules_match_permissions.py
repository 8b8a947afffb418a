"""firestore.rules repeats the permission table; these tests fail when the two differ."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.rules.mode_table import RulesError, predicate, with_predicate
from shared.auth.permissions import ALL_MODES, allows_mode
from shared.models.roles import Role

RULES = Path(__file__).resolve().parents[2] / "firestore.rules"


def _rules_allow(source: str, role: str, mode: str) -> bool:
    """Read `roleReads` as the rules engine would."""
    everywhere = re.search(r"\(role in \[(.*?)\]", source)
    assert everywhere is not None
    rows = dict(re.findall(r"'(\w+)': \[(.*?)\]", source))
    return f"'{role}'" in everywhere[1] or f"'{mode}'" in rows.get(role, "")


def test_generated_block_is_what_the_permission_table_gives() -> None:
    rules = RULES.read_text()
    assert with_predicate(rules) == rules, "run `python -m infra.rules`"


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("mode", [*sorted(ALL_MODES), "made-later"])
def test_rules_and_functions_agree_on_each_role_and_mode(role: Role, mode: str) -> None:
    assert _rules_allow(predicate(), role.value, mode) is allows_mode(role, mode)


def test_rules_without_the_generated_block_are_refused() -> None:
    with pytest.raises(RulesError):
        with_predicate("rules_version = '2';\n")
