"""Each bundle, installed from its own requirements.txt into a clean environment, answers through functions-framework.

Nothing else is installed there and nothing of this checkout is on its path: what a bundle lacks is missing here as it
would be in production.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import pytest

from infra.bundle.requirements import find_uv
from infra.bundle.stage import stage
from shared.catalog import FunctionEntry
from tests.architecture.sources import catalog

PROBE = Path(__file__).with_name("bundle_probe.py")
START_SECONDS = 60
UNKNOWN_EVENT = {"ce-id": "1", "ce-source": "//somewhere.example/else", "ce-specversion": "1.0", "ce-type": "x.y.z"}


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: Message[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Installed:
    """A bundle and the environment that its requirements were installed into."""

    entry: FunctionEntry
    folder: Path
    bin: Path
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """What the process sees: nothing of this one's PYTHONPATH, emulators or virtual environment."""
        return {
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "HOME": str(self.home),
            "GOOGLE_CLOUD_PROJECT": "demo-mobius",
            "MOBIUS_CONTEXT_KEY": "bundle-test",
        }


@pytest.fixture(scope="module", params=catalog(), ids=lambda entry: entry.name)
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    entry: FunctionEntry = request.param
    home = tmp_path_factory.mktemp(entry.name)
    bundle = stage(entry, build=home / "build")
    uv, environment = find_uv(), home / "venv"
    tool_settings = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    python, requirements = environment / "bin/python", bundle.folder / "requirements.txt"
    for command in (
        [uv, "venv", "--quiet", "--no-project", "--python", sys.executable, str(environment)],
        [uv, "pip", "install", "--quiet", "--require-hashes", "--python", str(python), "-r", str(requirements)],
    ):
        done = subprocess.run(command, cwd=home, env=tool_settings, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return Installed(entry, bundle.folder, environment / "bin", home)


@contextmanager
def _running(installed: Installed) -> Iterator[str]:
    """The bundle served by the real functions-framework on a free port; its base URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = installed.home / "server.log"
    command = [str(installed.bin / "functions-framework"), "--source", str(installed.folder / "main.py")]
    command += ["--target", installed.entry.entry_point, "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=installed.home, env=installed.environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait_for(port, process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        ended = _ended_within(process, seconds=0.05)
        assert not ended, log.read_text()
    pytest.fail(f"no answer within {START_SECONDS} s:\n{log.read_text()}")


def _ended_within(process: subprocess.Popen[bytes], *, seconds: float) -> bool:
    """Wait for the process to end, `seconds` at most; whether it did."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _ask(url: str, *, method: str = "GET", headers: dict[str, str] | None = None, body: bytes | None = None) -> Answer:
    request = urllib.request.Request(url, method=method, headers=headers or {}, data=body)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as refused:
        with refused:
            return Answer(refused.code, refused.headers, refused.read())


def test_bundle_loads_with_its_own_requirements_and_its_own_copy_of_the_library(installed: Installed) -> None:
    command = [str(installed.bin / "python"), "-I", str(PROBE), str(installed.folder), installed.entry.entry_point]
    done = subprocess.run(
        command, cwd=installed.home, env=installed.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report == {"shared": str(installed.folder / "shared/__init__.py"), "outside": []}


def test_bundle_answers_through_functions_framework(installed: Installed) -> None:
    with _running(installed) as url:
        if installed.entry.kind in {"http", "stream"}:
            _check_http(url, installed.entry)
        else:
            _check_event(url, installed.entry)


def _check_http(url: str, entry: FunctionEntry) -> None:
    if "GET /api/v1/health" in entry.public:
        assert _ask(f"{url}/api/v1/health").status == 200
    unknown = _ask(f"{url}{entry.paths[0]}/no/such/path/at/all")
    assert (unknown.status, json.loads(unknown.body)["code"]) == (404, "route_not_found")
    guarded = [path for path in entry.paths if f"GET {path}" not in entry.public]
    # A path that every function of its group has: the mode's context, a component's list, the record types.
    api, component = (
        {"records": "/types", "auth": "/me"},
        {"context": "/current", "guidance": "/dynamic", "feedback": "/msg_1"},
    )
    component |= {"chat": "/messages", "chat_stream": "/msg_1"}
    known = {"modes": "/context", "components": component.get(entry.name, "/"), "api": api.get(entry.name, "")}
    refused = _ask(f"{url}{guarded[0]}{known[entry.group]}")
    assert (refused.status, refused.headers.get_content_type()) == (401, "application/problem+json")
    assert json.loads(refused.body)["code"] == "unauthenticated"


def _check_event(url: str, entry: FunctionEntry) -> None:
    """The answers that `shared.events.handler` documents: nothing is echoed, nothing foreign is sent again."""
    wrong_method = _ask(url)
    assert (wrong_method.status, wrong_method.headers["Allow"], wrong_method.body) == (405, "POST", b"")
    if entry.kind == "schedule":
        return
    for headers, body in (({}, b"canary"), (UNKNOWN_EVENT, b"canary"), ({"ce-id": "canary"}, b"\xff\xfe")):
        dropped = _ask(url, method="POST", headers={"Content-Type": "application/json", **headers}, body=body)
        assert (dropped.status, dropped.body) == (204, b"")
        assert b"canary" not in bytes(dropped.headers)
