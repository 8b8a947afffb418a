"""Run what proves the product: `python -m tests.run` (all), `… check` (static checks only), `… --soak` (full volume).

Two lanes side by side: one starts a stack and runs the suites that need it, one after the other, because they share
its stores; the other runs the checks and the suites that need no stack. A suite's output is shown when it has ended,
with its duration; the last lines are pytest's own.
"""

# ruff: noqa: T201 - a command line program prints

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.stack import ROOT, StackProcess, stack_folder

SOURCES = ("shared", "infra", "functions", "tests")
TOOL = (sys.executable, "-m")
CHECKS: dict[str, Sequence[str]] = {
    "formatter": (*TOOL, "ruff", "format", "--check", "--quiet", *SOURCES),
    "linter": (*TOOL, "ruff", "check", "--quiet", *SOURCES),
    "types": (*TOOL, "mypy", "--no-error-summary"),
    "import rules": (str(Path(sys.executable).with_name("lint-imports")), "--no-logo"),
}
WITHOUT_STACK = ("unit", "architecture", "functions")
WITH_STACK = ("contract", "integration", "faults", "e2e", "browser")


@dataclass
class Result:
    """How a suite ended: its exit code, its seconds and the last line it printed."""

    name: str
    code: int
    seconds: float
    closing: str


@dataclass
class Run:
    """One run of several suites; prints each one's output when it has ended, never two mixed."""

    volume: str
    results: list[Result] = field(default_factory=list)
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _printing: threading.Lock = field(default_factory=threading.Lock)

    def interrupt(self, *_: object) -> None:
        """End the suites under way, so that the lanes end and the stack is stopped: what SIGTERM does."""
        for process in self._running:
            process.terminate()
        raise KeyboardInterrupt

    def suite(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Run one suite to its end."""
        begun = time.monotonic()
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            process = subprocess.Popen(
                list(command),
                cwd=ROOT,
                env={**os.environ, "MOBIUS_VOLUME": self.volume, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            self._running.append(process)
            code = process.wait()
            self._running.remove(process)
            output.seek(0)
            text = output.read().rstrip()
        closing = text.splitlines()[-1] if text else ""
        self.add(Result(name, code, time.monotonic() - begun, closing), text)

    def add(self, result: Result, text: str) -> None:
        """Note a result and show its output."""
        with self._printing:
            self.results.append(result)
            verdict = "ok" if result.code == 0 else f"FAILED (exit code {result.code})"
            print(f"\n--- {result.name}: {verdict}, {result.seconds:.1f} s")
            if text:
                print(text, flush=True)

    def pytest(self, name: str, environment: Mapping[str, str] | None = None) -> None:
        """Run one folder of tests, if it has any."""
        if any((ROOT / "tests" / name).rglob("test_*.py")):
            self.suite(f"tests/{name}", (*TOOL, "pytest", f"tests/{name}", "--durations=3"), environment)

    def close(self, seconds: float) -> int:
        """Print the durations and each pytest's closing line; the exit code of the whole."""
        print("\n--- durations")
        for result in self.results:
            print(f"{result.seconds:8.1f} s  {result.name}{'' if result.code == 0 else '   FAILED'}")
        print(f"{seconds:8.1f} s  in all\n")
        failed = [result.name for result in self.results if result.code]
        if failed:
            print(f"FAILED: {', '.join(failed)}\n")
        for result in self.results:
            if result.name.startswith("tests/") and result.closing:
                print(result.closing)
        return 1 if failed else 0


def check(run: Run) -> None:
    """The static checks."""
    for name, command in CHECKS.items():
        run.suite(name, command)


def without_stack(run: Run) -> None:
    """Checks, suites on code alone, and the security rules (which start an emulator of their own)."""
    check(run)
    for name in WITHOUT_STACK:
        run.pytest(name)
    npm = shutil.which("npm")
    if npm is None:
        run.add(Result("security rules", 2, 0.0, ""), "Node.js 20 or newer with npm is needed: install it")
        return
    run.suite("security rules", (npm, "run", "--silent", "test:rules"))


def with_stack(run: Run) -> None:
    """Everything that needs the product running: one stack for all of it."""
    with stack_folder() as folder:
        stack = StackProcess(folder)
        begun = time.monotonic()
        try:
            running = stack.start()
        except AssertionError as exc:
            run.add(Result("stack", 1, time.monotonic() - begun, ""), str(exc))
            stack.stop()
            return
        run.add(Result("stack starts", 0, time.monotonic() - begun, ""), stack.output.rstrip())
        try:
            for name in WITH_STACK:
                run.pytest(name, {"MOBIUS_STACK": str(running.file)})
        finally:
            begun = time.monotonic()
            code = stack.stop()
            said = "" if code == 0 else stack.output[-4000:]
            run.add(Result("stack stops", code, time.monotonic() - begun, ""), said)


def main() -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="tests.run", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", nargs="?", choices=["all", "check"], default="all")
    parser.add_argument("--soak", action="store_true", help="proofs at the volume that the requirements name")
    arguments = parser.parse_args()
    run = Run("full" if arguments.soak else "reduced")
    signal.signal(signal.SIGTERM, run.interrupt)
    begun = time.monotonic()
    if arguments.what == "check":
        check(run)
    else:
        with ThreadPoolExecutor(max_workers=2) as lanes:
            for lane in [lanes.submit(with_stack, run), lanes.submit(without_stack, run)]:
                lane.result()
    return run.close(time.monotonic() - begun)


if __name__ == "__main__":
    sys.exit(main())
