"""`make new-mode NAME=…`: what it writes is a mode that answers, in a copy of this checkout."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.migrations.run import role_urls
from infra.new_mode.writing import NewModeError, check_name
from shared.catalog import ROOT, load_catalog
from tests.stack import RunningStack

# Runs in the copy: the function as functions-framework makes it, asked through Flask's test client.
ASKING = """
import json, sys
import functions_framework
client = functions_framework.create_app("prior_auth", "functions/modes/prior_auth/main.py").test_client()
client.environ_base["wsgi.input_terminated"] = True  # as gunicorn says, which serves the framework's functions
base, headers = "/api/v1/modes/prior-auth", {"Authorization": "Bearer " + sys.argv[1]}
answers = [
    client.get(base + "/context"),
    client.post(base + "/context", json={"recordType": "Patient ID", "recordId": "MRN553"}, headers=headers),
    client.get(base + "/context/", headers=headers),
    client.get(base + "/summary", headers=headers),
    client.post(base + "/quick-action", json={"action": "view_record", "params": {}}, headers=headers),
    client.post(base + "/quick-action", json={"action": "other", "params": {}}, headers=headers),
    client.delete(base + "/context", headers=headers),
]
print(json.dumps([[answer.status_code, answer.get_json()] for answer in answers]))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout with the mode `prior_auth` in it."""
    root = tmp_path_factory.mktemp("new_mode") / "product"
    for folder in ("shared", "functions", "infra"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    done = _run(root, "-m", "infra.new_mode", "prior_auth")
    assert done.returncode == 0, done.stderr
    return root


def _run(root: Path, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(root), **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )


def test_new_mode_is_in_the_catalog_and_the_api_description(copy: Path) -> None:
    entry = next(entry for entry in load_catalog(copy) if entry.name == "prior_auth")
    assert (entry.group, entry.paths) == ("modes", ("/api/v1/modes/prior-auth",))
    paths = json.loads((copy / "infra/gateway/openapi.json").read_text())["paths"]
    assert "/api/v1/modes/prior-auth/quick-action" in paths


def test_new_mode_is_clean_and_can_be_bundled(copy: Path) -> None:
    written = ["shared/modes/prior_auth.py", "functions/modes/prior_auth/main.py"]
    for command in (["check"], ["format", "--check"]):
        done = _run(copy, "-m", "ruff", *command, "--no-cache", *written)
        assert done.returncode == 0, done.stdout
    done = _run(copy, "-m", "infra.bundle", "prior_auth", "meta")
    assert done.returncode == 0, done.stderr
    bundles = json.loads((copy / "build/bundles.json").read_text())
    assert all("shared.modes.prior_auth" in bundles[name]["modules"] for name in ("prior_auth", "meta"))


def test_new_mode_answers(copy: Path, stack: RunningStack) -> None:
    environment = {
        "GOOGLE_CLOUD_PROJECT": stack.project,
        "FIRESTORE_EMULATOR_HOST": stack.firestore,
        "PUBSUB_EMULATOR_HOST": stack.pubsub,
        "FIREBASE_AUTH_EMULATOR_HOST": stack.auth.partition("://")[2],
        "MOBIUS_CONTEXT_KEY": secrets.token_hex(16),
        "MOBIUS_DATABASE_URL_SERVING": role_urls(stack.database)["serving"],
    }
    done = _run(copy, "-c", ASKING, stack.token("admin"), environment=environment)
    assert done.returncode == 0, done.stderr
    answers: list[tuple[int, dict[str, Any]]] = json.loads(done.stdout.splitlines()[-1])
    assert [status for status, _ in answers] == [401, 201, 200, 200, 200, 422, 405]
    bodies = [body for _, body in answers]
    assert (bodies[1]["mode"], bodies[1]["recordId"]) == ("prior-auth", "MRN553")
    assert bodies[2]["contextId"] == bodies[1]["contextId"]
    assert bodies[4]["data"]["record"]["contextId"] == bodies[1]["contextId"]
    assert bodies[5]["allowed"] == ["view_record"]


@pytest.mark.parametrize(
    "name", ["", "Prior", "prior-auth", "9lives", "prior__auth", "_x", "class", "base", "../up", "é"]
)
def test_malformed_name_is_refused(name: str) -> None:
    with pytest.raises(NewModeError, match="is no name for a mode"):
        check_name(name)


@pytest.mark.parametrize("name", ["eligibility", "tasks"])
def test_name_that_is_taken_is_refused(name: str) -> None:
    with pytest.raises(NewModeError, match="exists already"):
        check_name(name)


def test_name_that_no_service_account_can_have_is_refused() -> None:
    with pytest.raises(NewModeError, match="too long"):
        check_name("a" * 24)


def test_refusal_writes_nothing(copy: Path) -> None:
    before = sorted(copy.rglob("*"))
    done = _run(copy, "-m", "infra.new_mode", "prior_auth")
    assert (done.returncode, done.stderr) == (2, "'prior_auth' exists already\n")
    assert sorted(path for path in copy.rglob("*") if "__pycache__" not in path.parts) == [
        path for path in before if "__pycache__" not in path.parts
    ]
