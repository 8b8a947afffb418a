"""One measured process: functions-framework as deployed, its requests, its memory."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Call:
    """One request: what is asked and which status is right."""

    name: str
    method: str
    path: str
    body: dict[str, object] | None = None
    status: int = 200


@dataclass(frozen=True, slots=True)
class Program:
    """What is started: a source file served by `python`'s functions-framework."""

    label: str
    source: Path
    target: str
    python: Path
    environment: dict[str, str]


class Server:
    """A running program. Started on entering, ended on leaving."""

    def __init__(self, program: Program, token: str, log: Path) -> None:
        self.program = program
        self.port = _free_port()
        self._token = token
        self._log = log
        self._connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> Self:
        """Start the process; it is not waited for."""
        command = [str(self.program.python), "-m", "functions_framework", "--host", "127.0.0.1"]
        command += ["--source", str(self.program.source), "--target", self.program.target, "--port", str(self.port)]
        self._log.parent.mkdir(parents=True, exist_ok=True)
        environment = {**self.program.environment, "THREADS": "8", "WORKERS": "1"}
        with self._log.open("wb") as output:
            self.started = time.perf_counter()
            self.process = subprocess.Popen(
                command, env=environment, stdout=output, stderr=subprocess.STDOUT, cwd=self.program.source.parent
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process and wait for it."""
        if self._connection is not None:
            self._connection.close()
        self.process.terminate()
        self.process.wait(timeout=30)

    def wait_until_listening(self) -> float:
        """Seconds from the process's start until its port accepts."""
        deadline = self.started + START_SECONDS
        while time.perf_counter() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return time.perf_counter() - self.started
            if self.process.poll() is not None:
                break
            time.sleep(0.004)
        raise RuntimeError(f"{self.program.label} did not start: {self.output()[-800:]}")

    def ask(self, call: Call) -> float:
        """Milliseconds until the whole answer is there. Raises RuntimeError for another status than the call's."""
        body = json.dumps(call.body).encode() if call.body is not None else None
        headers = {"Authorization": f"Bearer {self._token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            self._connection.connect()
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        self._connection.request(call.method, call.path, body=body, headers=headers)
        answer = self._connection.getresponse()
        content = answer.read()
        took = (time.perf_counter() - began) * 1000
        if answer.will_close:
            self._connection.close()
            self._connection = None
        if answer.status != call.status:
            said = content[:300].decode(errors="replace")
            raise RuntimeError(
                f"{self.program.label}: {call.name} answered {answer.status}: {said}\n{self.output()[-600:]}"
            )
        return took

    def retry(self, measure: Callable[[], float]) -> float:
        """Run `measure`; once more over a new connection when the server has closed the kept one."""
        try:
            return measure()
        except (http.client.RemoteDisconnected, ConnectionError):
            self._connection = None
            return measure()

    def memory(self) -> float:
        """MiB of the process and its children, shared pages divided among those who share them."""
        return sum(_proportional_kib(pid) for pid in _family(self.process.pid)) / 1024

    def output(self) -> str:
        """What the process has written."""
        return self._log.read_text(errors="replace")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _family(pid: int) -> list[int]:
    """The process and all of its descendants."""
    parents: dict[int, int] = {}
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                stat = (process / "stat").read_text()
            except OSError:
                continue  # it has ended meanwhile
            parents[int(process.name)] = int(stat.rpartition(")")[2].split()[1])
    family = [pid]
    for member in family:
        family += [child for child, parent in parents.items() if parent == member]
    return family


def _proportional_kib(pid: int) -> int:
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    return int(found.group(1)) if found else 0
