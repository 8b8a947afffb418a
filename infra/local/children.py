"""The programs the stack starts: each in a process group of its own, with a log file, stopped by its own id."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from infra.local.settings import ROOT, StackError

POLL_SECONDS = 0.05
STOP_SECONDS = 6.0


@dataclass(slots=True)
class Child:
    """One program. `restarts` are the moments (monotonic seconds) at which it was started again."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    directory: Path = ROOT
    process: subprocess.Popen[bytes] | None = None
    restarts: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Start it; its output goes to the log. A session of its own keeps the terminal's Ctrl-C from it."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            try:
                self.process = subprocess.Popen(
                    list(self.command),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=dict(self.environment),
                    cwd=self.directory,
                    start_new_session=True,
                )
            except OSError as exc:
                raise StackError(f"{self.name} cannot be started: {self.command[0]}: {exc.strerror}") from exc

    @property
    def pid(self) -> int:
        """The process id."""
        if self.process is None:
            raise StackError(f"{self.name} was not started")
        return self.process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs (or was never started)."""
        return None if self.process is None else self.process.poll()

    def last_lines(self, count: int = 8) -> str:
        """The end of its log, indented."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(f"    {line}" for line in text.splitlines()[-count:])

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> None:
        """Poll `ready`. Raises StackError when the program ends first or the time is over."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.exit_code is not None:
                raise StackError(f"{self.name} ended with code {self.exit_code} ({self.log}):\n{self.last_lines()}")
            if time.monotonic() > deadline:
                raise StackError(f"{self.name} was not ready within {seconds:.0f} s ({self.log}):\n{self.last_lines()}")
            time.sleep(POLL_SECONDS)

    def run_to_end(self, *, seconds: float) -> None:
        """Start it and wait for its end. Raises StackError with its last words when it fails."""
        self.start()
        self.wait_until(lambda: self.exit_code == 0, seconds=seconds)

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the program itself, which stops what it started."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def stop(self) -> None:
        """Wait for its end after `ask_to_stop`, and kill what is left of its group."""
        if self.process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_SECONDS)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class ProcessRegister:
    """`processes.json`: what this stack has running, so that a later start finds what a killed one left behind.

    A process is known by its id and its start time together: ids are used again.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def record(self, children: Sequence[Child]) -> None:
        """Write down the running ones."""
        entries = []
        for child in children:
            if child.process is not None and child.exit_code is None:
                with suppress(psutil.Error):
                    entries.append(
                        {"name": child.name, "pid": child.pid, "born": psutil.Process(child.pid).create_time()}
                    )
        write_atomically(self._file, json.dumps(entries))

    def stop_stale(self) -> list[str]:
        """Stop what an earlier start left running; the names of what was found. Call only with the lock held."""
        found = []
        for entry in json.loads(self._file.read_text()) if self._file.exists() else []:
            with suppress(psutil.Error):
                process = psutil.Process(entry["pid"])
                if abs(process.create_time() - entry["born"]) < 1:
                    found.append(entry["name"])
                    family = [*process.children(recursive=True), process]
                    process.terminate()
                    _, alive = psutil.wait_procs(family, timeout=STOP_SECONDS)
                    for one in alive:
                        one.kill()
        self._file.unlink(missing_ok=True)
        return found


def process_name(pid: int) -> str:
    """The name of a running process, empty when there is none."""
    try:
        return str(psutil.Process(pid).name())
    except psutil.Error:
        return ""


def write_atomically(file: Path, text: str, *, mode: int = 0o644) -> None:
    """Replace `file` in one step: a reader sees the old text or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.touch(mode=mode)
    draft.write_text(text)
    draft.replace(file)
