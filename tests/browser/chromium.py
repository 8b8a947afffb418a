"""A headless Chromium that reaches nothing but this machine."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL_SECONDS = 600
PAGE_SECONDS = 120
STEP_SECONDS = 40


@dataclass(frozen=True, slots=True)
class Page:
    """The document after its scripts have run, and what they wrote to the console."""

    document: str
    console: tuple[str, ...]


def find_chromium() -> str:
    """The browser that CHROMIUM names, or the machine's. In CI it is installed when it is missing; else: skip."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None and os.environ.get("CI") == "true":
        for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", *arguments], check=True, timeout=INSTALL_SECONDS, stdout=subprocess.DEVNULL)
        found = shutil.which("chromium")
        assert found, "apt-get installed no chromium"
    if found is None:
        pytest.skip("no Chromium on this machine: install the package chromium, or name one in CHROMIUM")
    return found


def _command(folder: Path, *more: str, resolver: str = "") -> list[str]:
    """Chromium with a new profile in `folder`. Every name but this machine's is unknown to it; `resolver` adds some."""
    return [
        find_chromium(),
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--host-resolver-rules={resolver}MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--no-proxy-server",
        f"--user-data-dir={folder}",
        *more,
    ]


def open_page(url: str, folder: Path) -> Page:
    """Open `url` with a new profile in `folder`."""
    done = subprocess.run(
        _command(folder, "--virtual-time-budget=10000", "--enable-logging=stderr", "--dump-dom", url),
        capture_output=True,
        text=True,
        timeout=PAGE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return Page(done.stdout, tuple(line for line in done.stderr.splitlines() if ":CONSOLE" in line))


class Window:
    """A browser window to click in, driven by the DevTools protocol over two pipes: JSON messages that end with NUL."""

    def __init__(self, commands: int, events: int) -> None:
        self._commands, self._events = commands, events
        self._unread = b""
        self._last_id = 0
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def go(self, url: str) -> None:
        """Open an address."""
        self._call("Page.navigate", url=url)

    def value(self, expression: str) -> Any:
        """What a JavaScript expression is in the page; None while a page is being changed."""
        try:
            answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        except RuntimeError:  # the page went away meanwhile
            return None
        return answer["result"].get("value")

    def until(self, expression: str) -> Any:
        """What the expression is once it is true."""
        deadline = time.monotonic() + STEP_SECONDS
        while not (found := self.value(expression)):
            assert time.monotonic() < deadline, f"not in time: {expression} at {self.value('location.href')}"
            threading.Event().wait(0.05)
        return found

    def _call(self, method: str, **parameters: Any) -> Any:
        self._last_id += 1
        message: dict[str, Any] = {"id": self._last_id, "method": method, "params": parameters}
        if hasattr(self, "_session"):
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._last_id:
                if "error" in answer:
                    raise RuntimeError(answer["error"]["message"])
                return answer["result"]

    def _next(self) -> Any:
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._events], [], [], STEP_SECONDS)
            piece = os.read(self._events, 65_536) if ready else b""
            assert piece, "the browser has ended or does not answer"
            self._unread += piece
        message, _, self._unread = self._unread.partition(b"\0")
        return json.loads(message)


@contextmanager
def open_window(folder: Path, *, names: Mapping[str, str]) -> Iterator[Window]:
    """A new browser; `names` are addresses (host:port) that stand for other ones."""
    resolver = "".join(f"MAP {name} {address}, " for name, address in names.items())
    to_browser, from_browser = os.pipe(), os.pipe()
    theirs = (to_browser[0], from_browser[1])
    # The browser reads commands from descriptor 3 and writes to 4.
    program = 'exec "$@" 3</dev/fd/{} 4>/dev/fd/{}'.format(*theirs)
    process = subprocess.Popen(
        ["sh", "-c", program, "sh", *_command(folder, "--remote-debugging-pipe", resolver=resolver)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=theirs,
    )
    for descriptor in theirs:
        os.close(descriptor)
    try:
        yield Window(to_browser[1], from_browser[0])
    finally:
        process.terminate()
        process.wait(20)
        os.close(to_browser[1])
        os.close(from_browser[0])
