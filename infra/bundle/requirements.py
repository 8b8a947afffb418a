"""Each function's requirements.txt: its dependency groups, pinned to the versions and hashes of requirements.lock.

No file names a package index: the installer's own configuration does.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from infra.bundle.imports import BundleError
from shared.catalog import ROOT, FunctionEntry

LOCK = "requirements.lock"
_OPTIONS = (
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-header",
    "--no-annotate",
    "--quiet",
    "--python-version=3.11",
    "--python-platform=linux",  # where functions run, whatever this machine is
)
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of a lock file: its version and the SHA-256 hashes of its distributions.

    `marker` says where it is installed at all (empty: everywhere) and does not tell two pins apart.
    """

    version: str
    hashes: frozenset[str]
    marker: str = field(default="", compare=False)


def read_lock(path: Path) -> Mapping[str, Pin]:
    """The pins of a lock file by package name. Raises BundleError on a line that pins nothing or has no hash."""
    pins: dict[str, Pin] = {}
    for block in _blocks(path):
        requirement, *options = block.split("--hash=")
        pinned, _, marker = requirement.partition(";")
        name, separator, version = pinned.strip().partition("==")
        hashes = frozenset(option.strip().removeprefix("sha256:") for option in options)
        if not separator or not hashes or not all(map(_SHA256.fullmatch, hashes)):
            raise BundleError(f"{path}: {pinned.strip()} is not pinned by version and SHA-256")
        pins[name] = Pin(version, hashes, marker.strip())
    return pins


def _blocks(path: Path) -> Iterable[str]:
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    return (line for line in (line.partition("#")[0].strip() for line in text.splitlines()) if line)


def find_uv() -> str:
    """The uv of this virtual environment, else the one on PATH. Raises BundleError."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.is_file() else shutil.which("uv")
    if found is None:
        raise BundleError(f"uv is missing: {sys.executable} -m pip install uv")
    return found


def lock_functions(entries: Iterable[FunctionEntry], root: Path = ROOT) -> dict[Path, str]:
    """Write every function's requirements.txt (needs the network). Returns {file: written | unchanged}."""
    by_groups: dict[tuple[str, ...], list[FunctionEntry]] = {}
    for entry in entries:
        by_groups.setdefault(tuple(sorted(entry.dependencies)), []).append(entry)
    with ThreadPoolExecutor(2) as pool:
        texts = list(pool.map(lambda groups: resolve(groups, root), by_groups))
    outcome = {}
    for text, same in zip(texts, by_groups.values(), strict=True):
        for entry in same:
            file = entry.folder / "requirements.txt"
            changed = not file.is_file() or file.read_text() != text
            if changed:
                file.write_text(text)
            outcome[file] = "written" if changed else "unchanged"
    return outcome


def resolve(groups: Iterable[str], root: Path = ROOT) -> str:
    """The pinned and hashed requirements of dependency `groups`. Raises BundleError with uv's own last line."""
    command = [find_uv(), "pip", "compile", *_OPTIONS, "--constraints", LOCK]
    for group in groups:
        command += ["--group", f"pyproject.toml:{group}"]
    environment = {**os.environ, "UV_NO_PROGRESS": "1"}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BundleError(f"uv could not pin {', '.join(groups)}: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout
