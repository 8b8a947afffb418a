"""What a measured process runs in: the running stack's stores, a sign-in, and an environment of its own packages."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.bundle.requirements import find_uv
from infra.bundle.stage import Bundle, stage
from infra.migrations.run import role_urls
from shared.catalog import ROOT, FunctionEntry, load_catalog

WHO = "admin@riverside.example"


class BenchmarkError(RuntimeError):
    """The benchmark cannot run. The message is one line: what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The stores of a running stack as a function sees them, and a person who may do everything."""

    environment: dict[str, str]
    token: str
    gateway: str
    build: Path


def surroundings() -> Surroundings:
    """Read the running stack's addresses and sign in. Raises BenchmarkError when nothing runs."""
    file = Path(os.environ.get("MOBIUS_STACK") or ROOT / ".local/stack.json")
    if not file.is_file():
        raise BenchmarkError("No stack is running: start `make up` in another terminal first")
    stack = json.loads(file.read_text())
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": os.environ.get("HOME", "/tmp"),  # noqa: S108 # only where there is no home at all
        "GOOGLE_CLOUD_PROJECT": stack["project"],
        "FIRESTORE_EMULATOR_HOST": stack["firestore"],
        "PUBSUB_EMULATOR_HOST": stack["pubsub"],
        "FIREBASE_AUTH_EMULATOR_HOST": stack["auth"].partition("://")[2],
        "MOBIUS_CONTEXT_KEY": (file.parent / "context-key").read_text(),
        "MOBIUS_POOL_SIZE": "4",
        "MOBIUS_RATE_PER_SECOND": "100000",  # one person asks for all that is measured
        "MOBIUS_RATE_BURST": "100000",
    }
    environment |= {f"MOBIUS_DATABASE_URL_{role.upper()}": url for role, url in role_urls(stack["database"]).items()}
    person = next(one for one in stack["signIns"] if one["email"] == WHO)
    token = sign_in(stack["auth"], person["email"], person["password"])
    return Surroundings(environment, token, stack["gateway"], ROOT / "build/benchmarks")


def sign_in(auth: str, email: str, password: str) -> str:
    """An ID token from the Auth emulator."""
    answer = post(
        f"{auth}/identitytoolkit.googleapis.com/v1/accounts:signInWithPassword?key=demo",
        {"email": email, "password": password, "returnSecureToken": True},
    )
    return str(answer["idToken"])


def claims_of(token: str) -> dict[str, Any]:
    """What an ID token says."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def post(url: str, body: dict[str, Any], token: str | None = None, *, idempotency: str | None = None) -> Any:
    """POST JSON and return the answer's JSON. Raises BenchmarkError with the answer when it is refused."""
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    if idempotency is not None:
        headers["Idempotency-Key"] = idempotency
    request = urllib.request.Request(url, data=json.dumps(body).encode(), headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)
    except OSError as exc:
        detail = exc.read().decode(errors="replace")[:300] if hasattr(exc, "read") else ""
        raise BenchmarkError(f"{url} refused: {exc} {detail}") from exc


def entry_of(name: str) -> FunctionEntry:
    """The catalog's entry."""
    return next(entry for entry in load_catalog() if entry.name == name)


def stage_and_install(entry: FunctionEntry, build: Path) -> tuple[Bundle, Path]:
    """The bundle and the Python of an environment with its requirements and nothing else (kept between runs)."""
    bundle = stage(entry, build=build)
    requirements = bundle.folder / "requirements.txt"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    environment = build / "environments" / digest
    python = environment / "bin/python"
    if not (environment / "complete").is_file():
        uv = find_uv()
        install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--require-hashes", "--python", str(python)]
        for command in (
            [uv, "venv", "--quiet", "--clear", "--no-project", "--python", sys.executable, str(environment)],
            [*install, "-r", str(requirements)],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise BenchmarkError(f"The packages of {entry.name} cannot be installed: {done.stderr.strip()[-300:]}")
        (environment / "complete").touch()
    return bundle, python
