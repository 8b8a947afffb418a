"""What a function loads: nothing it did not ask for, no client before the first request, no network while importing."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from importlib.metadata import distributions
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from infra.bundle.requirements import read_lock
from infra.bundle.stage import contents
from shared.catalog import ROOT, FunctionEntry
from tests.architecture.sources import catalog, imports_in, within

pytestmark = pytest.mark.parametrize("entry", catalog(), ids=lambda entry: entry.name)

# Never at import, in no function: each of them alone would cost more than the budget leaves (seconds, LOCAL facts:
# connector 1.0, google-genai 0.75, sqlalchemy.orm 0.28) or belongs to the tools.
NEVER_AT_IMPORT = (
    "google.cloud.sql",
    "google.genai",
    "httpx2",
    "firebase_admin",
    "sqlalchemy.orm",
    "alembic",
    "jsonschema",
    "yaml",
    "pytest",
    "shared.catalog",
)
SQL = ("sqlalchemy", "pg8000", "shared.models.postgres", "shared.db.postgres")
BY_GROUP = {
    "postgres": SQL,
    "firestore": ("google.cloud.firestore", "google.cloud.firestore_v1", "google.cloud.firestore_admin_v1"),
    "pubsub": ("google.cloud.pubsub", "google.cloud.pubsub_v1", "google.pubsub_v1"),
    "web": ("shared.web", "jwt", "cryptography"),
    "event": ("shared.events", "google.events"),
}


@cache
def _probe(entry: FunctionEntry) -> dict[str, Any]:
    """What importing `entry`'s main.py does, seen in a process of its own."""
    command = [sys.executable, "-W", "error", "-m", "tests.architecture.import_probe", str(entry.main)]
    environment = {"PATH": "", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


@cache
def _owners() -> dict[str, str]:
    """The distribution that owns each importable file, by its path below site-packages."""
    return {
        file.as_posix(): canonicalize_name(found.metadata["Name"])
        for found in distributions()
        for file in found.files or ()
        if file.suffix in {".py", ".so"}
    }


def _owner(module: str) -> str | None:
    """The distribution that `module` (or the object of that name in a module) comes from; None: standard library."""
    parts = module.split(".")
    while parts:
        base = "/".join(parts)
        for name in (f"{base}/__init__.py", f"{base}.py"):
            if name in _owners():
                return _owners()[name]
        parts.pop()
    return None


def test_importing_makes_no_client_no_thread_and_no_connection(entry: FunctionEntry) -> None:
    report = _probe(entry)
    assert (report["clients"], report["threads"]) == ([], 1)


def test_importing_loads_only_what_the_function_needs(entry: FunctionEntry) -> None:
    forbidden = list(NEVER_AT_IMPORT)
    for group, packages in BY_GROUP.items():
        if group not in entry.dependencies:
            forbidden += packages
    if entry.group == "modes":
        forbidden += SQL  # what needs SQL is imported by the first action that needs it
    loaded = [name for name in _probe(entry)["modules"] if within(name, tuple(forbidden))]
    assert not loaded


def test_whole_bundle_imports_only_what_its_requirements_install(entry: FunctionEntry) -> None:
    """Also what is imported later, inside functions: a missing package would only be seen in production."""
    installed = set(read_lock(entry.folder / "requirements.txt"))
    files, _ = contents(entry)
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module} of {owner}"
        for path in files.values()
        if path.suffix == ".py"
        for module, line in imports_in(path.relative_to(ROOT))
        if not within(module, ("shared",)) and (owner := _owner(module)) is not None and owner not in installed
    ]
    assert not wrong, "\n".join(wrong)
