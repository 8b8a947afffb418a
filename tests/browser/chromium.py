"""A headless Chromium that reaches nothing but this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL_SECONDS = 600
PAGE_SECONDS = 120


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


def open_page(url: str, folder: Path) -> Page:
    """Open `url` with a new profile in `folder`. Every name but this machine's is unknown to the browser."""
    done = subprocess.run(
        [
            find_chromium(),
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            "--no-proxy-server",
            f"--user-data-dir={folder}",
            "--virtual-time-budget=10000",
            "--enable-logging=stderr",
            "--dump-dom",
            url,
        ],
        capture_output=True,
        text=True,
        timeout=PAGE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return Page(done.stdout, tuple(line for line in done.stderr.splitlines() if ":CONSOLE" in line))
