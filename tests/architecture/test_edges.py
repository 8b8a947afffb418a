"""What is known in one place only: the environment, Flask, CloudEvents, the stores' drivers."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from infra.bundle.imports import walk_running_code
from tests.architecture.sources import catalog, imports_in, python_files, tree_of, within

ONLY_IN = [
    (("flask", "werkzeug"), ("shared/web",)),
    (("cloudevents", "google.events"), ("shared/events",)),
    (("functions_framework",), ("shared/web", "shared/events")),
    (("sqlalchemy", "pg8000"), ("shared/db", "shared/repositories/postgres", "shared/models/postgres")),
    (("google.cloud.firestore", "google.cloud.firestore_v1"), ("shared/db", "shared/repositories/firestore")),
    (("google.cloud.pubsub", "google.cloud.pubsub_v1"), ("shared/db",)),
    (("yaml", "jsonschema"), ("shared/catalog.py",)),
]


@pytest.mark.parametrize(("packages", "homes"), ONLY_IN, ids="-".join)
def test_package_is_known_in_one_place_of_the_library(packages: tuple[str, ...], homes: tuple[str, ...]) -> None:
    wrong = [
        f"{path}:{line} imports {module}; it belongs into {' or '.join(homes)}"
        for path in python_files("shared")
        if not any(path.is_relative_to(home) for home in homes)
        for module, line in imports_in(path)
        if within(module, packages)
    ]
    assert not wrong, "\n".join(wrong)


def test_only_config_reads_the_environment() -> None:
    wrong = [
        f"{path}:{node.lineno} reads the environment"
        for folder in ("shared", "functions")
        for path in python_files(folder)
        if path != Path("shared/config.py")
        for node in ast.walk(tree_of(path))
        if _reads_environment(node)
        if isinstance(node, ast.expr | ast.stmt)
    ]
    assert not wrong, "\n".join(wrong)


def _reads_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
        return node.attr in {"environ", "getenv", "putenv"}
    return isinstance(node, ast.ImportFrom) and node.module == "os" and bool({"environ", "getenv"} & _names(node))


def _names(node: ast.ImportFrom) -> set[str]:
    return {alias.name for alias in node.names}


def test_function_folder_holds_only_its_three_files() -> None:
    expected = {"main.py", "function.yaml", "requirements.txt"}
    wrong = {
        entry.name: sorted(found ^ expected)
        for entry in catalog()
        if (found := {path.name for path in entry.folder.iterdir() if path.name != "__pycache__"}) != expected
    }
    assert not wrong


def test_function_neither_catches_errors_nor_talks_to_a_store() -> None:
    stores = ("sqlalchemy", "pg8000", "google.cloud", "firebase_admin", "shared.db", "shared.repositories")
    wrong = []
    for path in python_files("functions"):
        wrong += [f"{path}:{line} imports {module}" for module, line in imports_in(path) if within(module, stores)]
        wrong += [
            f"{path}:{node.lineno} has a {type(node).__name__}"
            for node in walk_running_code(tree_of(path))
            if isinstance(node, ast.Try | ast.TryStar | ast.ClassDef | ast.While | ast.Global)
        ]
    assert not wrong, "\n".join(wrong)


def test_deployed_code_never_reads_the_catalog() -> None:
    wrong = [
        f"{path}:{line}"
        for folder in ("shared", "functions")
        for path in python_files(folder)
        for module, line in imports_in(path)
        if within(module, ("shared.catalog",))
    ]
    assert not wrong, "\n".join(wrong)
