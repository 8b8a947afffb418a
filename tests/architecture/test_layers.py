"""Imports point one way: functions → web|events → services → (domain, repositories.protocols) → models."""

from __future__ import annotations

import subprocess
import sys

import pytest

from shared.catalog import ROOT, FunctionEntry
from tests.architecture.sources import catalog, imports_in, python_files, within

# What a function folder may name of the library: the edges, the services, and the types that pass between them.
OPEN_TO_FUNCTIONS = (
    "shared.auth.permissions",
    "shared.bootstrap",
    "shared.bootstrap_chat",
    "shared.bootstrap_events",
    "shared.bootstrap_modes",
    "shared.bootstrap_sign_in",
    "shared.domain",
    "shared.errors",
    "shared.events",
    "shared.models",
    "shared.modes",
    "shared.services",
    "shared.web",
)
CLOSED_TO_FUNCTIONS = ("shared.models.postgres", "shared.models.firestore")


def test_imports_of_the_library_point_one_way() -> None:
    """import-linter prints the chain of each broken contract (contracts: pyproject.toml)."""
    command = "import sys; from importlinter.cli import lint_imports_command as lint; sys.exit(lint(['--no-cache']))"
    done = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_library_never_imports_functions_infra_or_tests() -> None:
    wrong = [
        f"{path}:{line} imports {module}"
        for path in python_files("shared")
        for module, line in imports_in(path)
        if within(module, ("functions", "infra", "tests"))
    ]
    assert not wrong, "\n".join(wrong)


def test_protocols_of_the_stores_know_no_implementation() -> None:
    known = ("shared.models", "shared.domain", "shared.errors", "shared.repositories")
    stores = tuple(f"shared.repositories.{name}" for name in ("postgres", "firestore", "memory"))
    wrong = [
        f"{path}:{line} imports {module}"
        for path in python_files("shared/repositories")
        if path.parent.name == "repositories"
        for module, line in imports_in(path)
        if within(module, ("shared",)) and (within(module, stores) or not within(module, known))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("entry", catalog(), ids=lambda entry: entry.name)
def test_function_imports_only_the_edges_the_services_and_their_types(entry: FunctionEntry) -> None:
    folder = entry.folder.relative_to(ROOT)
    wrong = [
        f"{path}:{line} imports {module}"
        for path in python_files(folder.as_posix())
        for module, line in imports_in(path)
        if within(module, ("shared",)) and not _open(module)
    ]
    assert not wrong, "\n".join(wrong)


def _open(module: str) -> bool:
    return within(module, OPEN_TO_FUNCTIONS) and not within(module, CLOSED_TO_FUNCTIONS)
