"""Install what the product needs into this folder: `python3 infra/local/install.py`, called by make.

Only the standard library, because nothing else is there yet. Each step is skipped when its lock file has not changed
since it was done last.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST, TOO_NEW = (3, 11), (3, 13)  # pyproject.toml, requires-python
NODE_AT_LEAST = 20
EXIT_CANNOT_INSTALL = 2


class InstallError(Exception):
    """Something has to be installed by hand. The message is one line: what is wrong and what to do."""


def main() -> int:
    """Do the steps that are due; returns the exit code."""
    (ROOT / ".local").mkdir(exist_ok=True)
    try:
        with (ROOT / ".local" / "install.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two makes at once install once
            _install()
    except InstallError as exc:
        print(exc, file=sys.stderr)
        return EXIT_CANNOT_INSTALL
    except KeyboardInterrupt:
        return 130
    return 0


def _install() -> None:
    node_modules, npm_lock = ROOT / "node_modules", ROOT / "package-lock.json"
    if not PYTHON.exists():
        _step("Python environment (.venv)", [_python(), "-m", "venv", str(VENV)], hint="install Python's venv module")
    uv_lock = Path(__file__).with_name("uv.lock.txt")
    _locked(
        "uv",
        [str(PYTHON), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(uv_lock)],
        lock=uv_lock,
        stamp=VENV / "uv.stamp",
    )
    requirements = ROOT / "requirements.lock"
    uv = [str(VENV / "bin" / "uv"), "pip", "install", "--quiet", "--python", str(PYTHON)]
    _locked(
        "Python packages (requirements.lock)",
        [*uv, "--require-hashes", "-r", str(requirements)],
        lock=requirements,
        stamp=VENV / "requirements.stamp",
    )
    if npm_lock.exists():
        _locked(
            "npm packages (package-lock.json, about 300 MB)",
            [_npm(), "ci", "--no-audit", "--no-fund", "--loglevel=error"],
            lock=npm_lock,
            stamp=node_modules / ".mobius-stamp",
        )


def _locked(name: str, command: list[str], *, lock: Path, stamp: Path) -> None:
    """Do a step when `lock` is not the one that `stamp` was written for."""
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    _step(name, command, hint="check the network and the package registry this machine is configured for")
    stamp.write_text(digest)


def _step(name: str, command: list[str], *, hint: str) -> None:
    print(f"  {name} …", flush=True)
    begun = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise InstallError(f"{name}: `{' '.join(command)}` failed: {hint}")
    print(f"  {name:<52} {time.monotonic() - begun:6.1f} s", flush=True)


def _python() -> str:
    """A Python that the product runs on: this one, else another one on the PATH."""
    if OLDEST <= sys.version_info[:2] < TOO_NEW:
        return sys.executable
    for name in ("python3.12", "python3.11"):
        found = shutil.which(name)
        if found:
            return found
    have = ".".join(map(str, sys.version_info[:2]))
    raise InstallError(f"Python 3.11 or 3.12 is needed, this is {have}: install one of them and start again")


def _npm() -> str:
    """npm, beside a Node.js that is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise InstallError(f"Node.js {NODE_AT_LEAST} or newer with npm is needed (Auth emulator): install it")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    number = re.match(r"v(\d+)", version)
    if number is None or int(number.group(1)) < NODE_AT_LEAST:
        raise InstallError(f"Node.js {NODE_AT_LEAST} or newer is needed (Auth emulator), this is {version or 'broken'}")
    return npm


if __name__ == "__main__":
    sys.exit(main())
