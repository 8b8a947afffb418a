"""A running stack, as tests see it: where everything is, and how to sign in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.local.settings import DEFAULT_PORTS, variable

ROOT = Path(__file__).resolve().parent.parent
RIVERSIDE = "Riverside Family Practice"
LAKESIDE = "Lakeside Clinic"
START_SECONDS = 240
STOP_SECONDS = 40
FREE_PORTS = {variable(part): "0" for part in DEFAULT_PORTS}


@dataclass
class RunningStack:
    """What `stack.json` says. `gateway` and `auth` are base URLs, `firestore` and `pubsub` host:port."""

    file: Path
    described: dict[str, Any]
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> RunningStack:
        """The stack that `file` describes."""
        return cls(file, json.loads(file.read_text()))

    @property
    def project(self) -> str:
        return str(self.described["project"])

    @property
    def gateway(self) -> str:
        return str(self.described["gateway"])

    @property
    def auth(self) -> str:
        return str(self.described["auth"])

    @property
    def openid(self) -> str:
        """The OpenID Connect provider, which is its issuer."""
        return str(self.described["openid"])

    @property
    def firestore(self) -> str:
        return str(self.described["firestore"])

    @property
    def pubsub(self) -> str:
        return str(self.described["pubsub"])

    @property
    def database(self) -> str:
        """The administrator's `postgresql://` URL."""
        return str(self.described["database"])

    @property
    def functions(self) -> dict[str, str]:
        return dict(self.described["functions"])

    @property
    def pids(self) -> dict[str, int]:
        """The process of each part, as it is now: a part that was started again has a new one."""
        return dict(json.loads(self.file.read_text())["pids"])

    def token(self, role: str = "eligibility_specialist", client: str = RIVERSIDE) -> str:
        """An ID token of the demo person with `role` in `client`; the same one each time."""
        if (role, client) not in self.tokens:
            person = next(one for one in self.described["signIns"] if (one["role"], one["client"]) == (role, client))
            self.tokens[role, client] = self.sign_in(person["email"], person["password"])
        return self.tokens[role, client]

    def sign_in(self, email: str, password: str) -> str:
        """A new sign-in at the Auth emulator: its ID token."""
        request = urllib.request.Request(
            f"{self.auth}/identitytoolkit.googleapis.com/v1/accounts:signInWithPassword?key=local",
            data=json.dumps({"email": email, "password": password, "returnSecureToken": True}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return str(json.load(answer)["idToken"])


class StackProcess:
    """`python -m infra.local up` in a folder of its own, on free ports."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.file = folder / "stack.json"
        self._output = folder / "output.txt"
        self._environment = {
            **{name: value for name, value in os.environ.items() if name != "MOBIUS_DATABASE_URL"},
            **FREE_PORTS,
            "MOBIUS_LOCAL_DIR": str(folder),
            **(environment or {}),
        }
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def output(self) -> str:
        """What it printed so far."""
        return self._output.read_text()

    def launch(self) -> subprocess.Popen[bytes]:
        """Start it and do not wait."""
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "infra.local", "up"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self.process

    def start(self) -> RunningStack:
        """Start it and wait until it is ready."""
        process = self.launch()
        deadline = time.monotonic() + START_SECONDS
        # Not the file's presence: a stack that was killed leaves one behind.
        while "\nReady after" not in self.output:
            assert process.poll() is None, f"the stack ended with code {process.returncode}:\n{self.output}"
            assert time.monotonic() < deadline, f"the stack was not ready in {START_SECONDS} s:\n{self.output}"
            time.sleep(0.1)
        return RunningStack.read(self.file)

    def stop(self) -> int:
        """Stop it as Ctrl-C does; its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(STOP_SECONDS)


@contextmanager
def stack_folder() -> Iterator[Path]:
    """A folder for a stack, gone afterwards. Directly below the temporary folder, because PostgreSQL's own user must
    be able to reach it and pytest's folders are closed to others.
    """
    folder = Path(tempfile.mkdtemp(prefix="mobius-stack-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def started_stack(environment: Mapping[str, str] | None = None) -> Iterator[RunningStack]:
    """A stack for as long as the block lasts."""
    with stack_folder() as folder:
        process = StackProcess(folder, environment)
        try:
            yield process.start()
        finally:
            with suppress(subprocess.TimeoutExpired):
                process.stop()
