"""The selector alone says which store holds what: every table and collection stands there, and nobody else chooses."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from shared.catalog import ROOT
from shared.db.selector import FIRESTORE_COLLECTIONS, IN_BOTH_STORES, POSTGRES_TABLES, DatabaseSelector
from shared.models.postgres import metadata
from shared.repositories.memory.store import InMemoryLiveStore, InMemoryRecordStore
from tests.architecture.sources import imports_in, python_files, tree_of, within

STORES = ("shared.repositories.postgres", "shared.repositories.firestore")
# The composition roots: the functions' one, and that of a command which imports into a database it was given.
BOOTSTRAPS = {path.relative_to(ROOT) for path in (ROOT / "shared").glob("bootstrap*.py")}
ROOTS = BOOTSTRAPS | {Path("infra/local/importer.py")}
CLIENTS = ("shared.db.postgres", "shared.db.cloud_sql", "shared.db.firestore")
# What a repository of a store is about, where that is not its name.
ABOUT = {
    "records": "patient",
    "record_writes": "patient",
    "patient_records": "patient",
    "eligibility": "eligibility_check",
    "profiles": "user",
    "front_desk_day": "visit",
    "visit_readiness": "visit",
    "kept_answers": "the answers of live changes",
}


def test_every_table_stands_in_the_selector() -> None:
    assert set(POSTGRES_TABLES.values()) == set(metadata.tables)
    assert len(set(POSTGRES_TABLES.values())) == len(POSTGRES_TABLES)


def _named(path: Path) -> Iterator[str]:
    """The collections that a Firestore repository names: in `collection(…)`, in `reference(…)` or as its `name`."""
    module = import_module(".".join(path.with_suffix("").parts))
    for node in ast.walk(tree_of(path)):
        named: ast.expr | None = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "collection":
            named = node.args[0]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "reference":
            named = node.args[1]
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "name":
            named = node.value
        if isinstance(named, ast.Constant) and isinstance(named.value, str):
            yield named.value
        elif isinstance(named, ast.Name) and isinstance(value := getattr(module, named.id, None), str):
            yield value


def test_every_collection_stands_in_the_selector() -> None:
    named = {name for path in python_files("shared/repositories/firestore") for name in _named(path)}
    assert named == set(FIRESTORE_COLLECTIONS.values()) | IN_BOTH_STORES


def test_only_the_composition_root_knows_the_stores_implementations() -> None:
    wrong = [
        f"{path}:{line} imports {module}"
        for folder in ("shared", "functions", "infra")
        for path in python_files(folder)
        if path not in ROOTS and not within(".".join(path.with_suffix("").parts), STORES)
        for module, line in imports_in(path)
        if within(module, STORES)
    ]
    assert not wrong, "\n".join(wrong)


def test_no_implementation_knows_the_other_store() -> None:
    for mine, other in (STORES, STORES[::-1]):
        wrong = [
            f"{path}:{line} imports {module}"
            for path in python_files(mine.replace(".", "/"))
            for module, line in imports_in(path)
            if within(module, (other, other.replace("repositories", "db")))
        ]
        assert not wrong, "\n".join(wrong)


def test_only_repositories_and_the_composition_root_hold_a_stores_client() -> None:
    wrong = [
        f"{path}:{line} imports {module}"
        for folder in ("shared", "functions")
        for path in python_files(folder)
        if path not in ROOTS and path.parts[:2] not in {("shared", "repositories"), ("shared", "db")}
        for module, line in imports_in(path)
        if within(module, CLIENTS)
    ]
    assert not wrong, "\n".join(wrong)


def test_services_reach_what_the_selector_would_give_them() -> None:
    """`….firestore.tasks` is the typed way to say select_db(…, "task"): both must mean the same store."""
    records, live = InMemoryRecordStore(), InMemoryLiveStore()
    selector = DatabaseSelector(lambda: records, lambda: live)
    reached = 0
    for folder in ("shared/services", "shared/modes", "shared/assistant"):
        for path in python_files(folder):
            for node in ast.walk(tree_of(path)):
                if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute)):
                    continue
                store = node.value.attr
                if store in {"firestore", "postgres"}:
                    reached += 1
                    chosen = selector.select_db("read", ABOUT.get(node.attr, node.attr))
                    assert chosen is getattr(selector, store), f"{path}:{node.lineno} reaches {store}.{node.attr}"
    assert reached > 10


def test_nobody_else_asks_which_store_it_is() -> None:
    names = {"RecordStore", "LiveStore", "POSTGRES_TYPES", "POSTGRES_TABLES", "FIRESTORE_COLLECTIONS"}
    wrong = []
    for folder in ("shared/services", "shared/modes", "shared/web", "shared/events", "functions"):
        for path in python_files(folder):
            for node in ast.walk(tree_of(path)):
                if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                    continue
                of_a_store = any(isinstance(one, ast.Name) and one.id in names for one in ast.walk(node))
                if node.func.id == "isinstance" and of_a_store:
                    wrong.append(f"{path}:{node.lineno}")
            wrong += [
                f"{path}:{line} imports {module}"
                for module, line in imports_in(path)
                if module.rpartition(".")[2] in names - {"RecordStore", "LiveStore"}
            ]
    assert not wrong, "\n".join(wrong)
