"""The database has room for every connection that the functions may open: computed from the catalog."""

from __future__ import annotations

import ast
import json

import pytest

from shared.catalog import ROOT, FunctionEntry
from shared.config import Settings
from tests.architecture.sources import catalog, tree_of

DATABASE = json.loads((ROOT / "infra/catalog/database.json").read_text())
POOL = Settings(project="p").pool_size
SHARE = 0.8
ROOTS = sorted(path.relative_to(ROOT) for path in (ROOT / "shared").glob("bootstrap*.py"))


def connections(entries: tuple[FunctionEntry, ...]) -> int:
    """The most connections that the functions hold at once: every instance with a full pool of its one role."""
    return sum(entry.max_instances * POOL for entry in entries if entry.database is not None)


def usable() -> float:
    """What the functions may take of the server's connections."""
    return SHARE * float(DATABASE["max_connections"] - DATABASE["reserved_connections"])


def test_every_instance_of_every_function_may_fill_its_pool() -> None:
    assert 0 < connections(catalog()) <= usable(), f"{connections(catalog())} connections, {usable():.0f} usable"


def test_one_function_of_too_many_instances_would_be_noticed() -> None:
    largest = max((entry for entry in catalog() if entry.database), key=lambda entry: entry.max_instances)
    allowed = (usable() - connections(catalog())) / POOL
    assert connections((*catalog(), *[largest] * (int(allowed / largest.max_instances) + 1))) > usable()


def test_limits_of_the_server_are_those_of_its_tier() -> None:
    """What Cloud SQL sets by memory; each connection takes some of it, so more would not be served well."""
    memory = int(DATABASE["tier"].rpartition("-")[2])
    limit = next(
        limit
        for least, limit in ((122880, 1000), (61440, 800), (30720, 600), (15360, 500), (0, 100))
        if memory >= least
    )
    assert DATABASE["max_connections"] <= limit


def _roles(name: str, made: dict[str, ast.FunctionDef]) -> set[str]:
    """The database roles that a factory of the composition roots asks for, through other factories too."""
    seen: set[str] = set()
    roles: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in seen or current not in made:
            continue
        seen.add(current)
        for node in ast.walk(made[current]):
            if isinstance(node, ast.Call) and _named(node.func) == "postgres":
                roles |= {str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)}
            waiting.append(_named(node))
    return roles


def _named(node: ast.AST) -> str:
    """What a name, or an attribute such as `bootstrap.postgres`, is called; else nothing."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


@pytest.mark.parametrize("entry", catalog(), ids=lambda entry: entry.name)
def test_a_function_has_one_pool_of_the_role_that_its_catalog_entry_names(entry: FunctionEntry) -> None:
    """A second role would be a second pool: the sum above would be wrong."""
    made = {node.name: node for path in ROOTS for node in tree_of(path).body if isinstance(node, ast.FunctionDef)}
    used = {_named(node) for node in ast.walk(tree_of(entry.main.relative_to(ROOT)))}
    roles = set[str]().union(*(_roles(name, made) for name in used))
    assert roles == ({entry.database} if entry.database else set())
