"""The one-machine stack starts, says clearly why it cannot, survives what kills it, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import NullPool, create_engine, text

from tests.stack import LAKESIDE, RIVERSIDE, RunningStack, StackProcess, stack_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    with stack_folder() as path:
        yield path


def _wait_until(condition: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def _refusal(folder: Path, **environment: str) -> str:
    """What a start that must fail says last."""
    process = StackProcess(folder, environment)
    assert process.launch().wait(120) == 2, process.output
    assert "Traceback" not in process.output
    assert not process.file.exists()
    return [line for line in process.output.splitlines() if line != "Stopped."][-1]


def _sql(running: RunningStack, statement: str) -> int:
    """How many rows `statement` changed, as the administrator."""
    engine = create_engine(running.database.replace("postgresql:", "postgresql+pg8000:"), poolclass=NullPool)
    with engine.begin() as connection:
        return connection.execute(text(statement)).rowcount


def _alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_port_in_use_is_named_with_its_variable(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = _refusal(folder, GATEWAY_PORT=str(port))
    assert str(port) in line
    assert "GATEWAY_PORT" in line


def test_port_that_is_no_number_is_refused(folder: Path) -> None:
    assert "AUTH_PORT is 'http'" in _refusal(folder, AUTH_PORT="http")


def test_two_parts_on_one_port_are_refused(folder: Path) -> None:
    line = _refusal(folder, PUBSUB_PORT="8299", FIRESTORE_PORT="8299")
    assert "PUBSUB_PORT" in line
    assert "FIRESTORE_PORT" in line


def test_missing_jar_is_named(folder: Path) -> None:
    line = _refusal(folder, MOBIUS_FIRESTORE_JAR="/nowhere/firestore.jar")
    assert line == "MOBIUS_FIRESTORE_JAR names /nowhere/firestore.jar, which is no file"


def test_wrong_database_url_names_the_variable_and_stops_what_was_started(folder: Path) -> None:
    line = _refusal(folder, MOBIUS_DATABASE_URL="postgresql://nobody:wrong@127.0.0.1:1/none")
    assert "MOBIUS_DATABASE_URL" in line
    assert json.loads((folder / "processes.json").read_text()) == []


def test_function_without_source_is_named(folder: Path, tmp_path: Path) -> None:
    function = tmp_path / "functions/api/lonely"
    function.mkdir(parents=True)
    text = (Path(__file__).parents[2] / "functions/api/meta/function.yaml").read_text()
    (function / "function.yaml").write_text(text.replace("meta", "lonely"))
    process = StackProcess(folder, {"MOBIUS_CATALOG_ROOT": str(tmp_path)})
    assert process.launch().wait(120) == 2
    assert "api/lonely: " in process.output
    assert "main.py is missing" in process.output


def test_second_stack_in_the_same_folder_is_refused(stack: RunningStack) -> None:
    environment = {**os.environ, "MOBIUS_LOCAL_DIR": str(stack.file.parent)}
    environment |= {f"{part}_PORT": "0" for part in ("GATEWAY", "AUTH", "FIRESTORE", "PUBSUB", "FUNCTIONS")}
    command = [str(Path(__file__).parents[2] / ".venv/bin/python"), "-m", "infra.local", "up"]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert "already runs" in done.stderr
    assert stack.file.exists()


def test_stack_file_says_where_everything_is(stack: RunningStack) -> None:
    described = json.loads(stack.file.read_text())
    assert set(described) == {
        *("project", "gateway", "auth", "openid", "firestore", "pubsub", "database", "functions"),
        *("signIns", "signInRedirects", "pids"),
    }
    assert stack.file.stat().st_mode & 0o077 == 0
    roles = {(one["role"], one["client"]) for one in described["signIns"]}
    assert len(roles) == 12
    assert {client for _, client in roles} == {RIVERSIDE, LAKESIDE}
    assert all(_alive(pid) for pid in stack.pids.values())


def test_health_answers_through_the_gateway(stack: RunningStack) -> None:
    with urllib.request.urlopen(f"{stack.gateway}/api/v1/health", timeout=20) as answer:
        assert json.load(answer)["status"] == "ok"


def test_killed_starter_is_followed_by_a_start_that_cleans_up_and_keeps_the_database(folder: Path) -> None:
    first = StackProcess(folder)
    try:
        started = first.start()
        left = list(started.pids.values())
        assert _sql(started, "update clients set logo_url = 'kept.svg'") == 2
        assert first.process is not None
        first.process.kill()
        first.process.wait()
        second = StackProcess(folder)
        running = second.start()
        try:
            assert "stopped what an earlier start left running" in second.output
            assert not any(_alive(pid) for pid in left)
            assert _sql(running, "update clients set logo_url = null where logo_url = 'kept.svg'") == 2
            _assert_replaced_when_killed(running, "gateway")
        finally:
            own = list(running.pids.values())
            code = second.stop()
        assert code == 0
        assert not any(_alive(pid) for pid in own)
        assert not second.file.exists()
    finally:
        first.stop()


def _assert_replaced_when_killed(running: RunningStack, part: str) -> None:
    pid = running.pids[part]
    os.kill(pid, signal.SIGKILL)
    _wait_until(lambda: running.pids[part] != pid, seconds=20)

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"{running.gateway}/api/v1/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    _wait_until(answers, seconds=30)
