"""The assistant alone loads no store, no web framework and no model: what a tool needs is made when it is called."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from shared.catalog import ROOT

HEAVY = (
    "sqlalchemy",
    "pg8000",
    "google.cloud.",
    "google.genai",
    "flask",
    "shared.db.postgres",
    "shared.db.firestore",
    "shared.repositories.postgres",
    "shared.repositories.firestore",
)


def loaded(statement: str) -> set[str]:
    """The modules that a new process has loaded after `statement`."""
    program = f"import json, sys; {statement}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("module", ["shared.assistant.grounded.assistant", "shared.assistant.catalog"])
def test_importing_the_assistant_loads_nothing_heavy(module: str) -> None:
    found = loaded(f"import {module}")
    assert not {name for name in found if name.startswith(HEAVY)}


def test_understanding_needs_nothing_but_the_standard_library() -> None:
    found = loaded("import shared.domain.questions.understanding")
    assert not {name for name in found if name.startswith(("pydantic", "shared.models"))}
