"""Resolve the packages again: `python -m infra.local.lock`, called by `make lock`.

Lock files carry hashes and never a registry's address, so that each machine resolves through the one it is set up for.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from infra.local.settings import ROOT

UV = str(ROOT / ".venv/bin/uv")
_COMPILE = (
    *(UV, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-emit-index-url", "--no-header", "--no-annotate"),
)


def main(*arguments: str) -> int:
    """Write requirements.lock, uv.lock.txt, each function's requirements.txt and package-lock.json."""
    upgrade = list(arguments)  # `--upgrade`, or `--upgrade-package NAME`; nothing keeps the versions that still fit
    steps = [
        [*_COMPILE, *upgrade, "--group", "pyproject.toml:dev", "--output-file", "requirements.lock"],
        [*_COMPILE, *upgrade, "infra/local/uv.in", "--output-file", str(Path("infra/local/uv.lock.txt"))],
        [sys.executable, "-m", "infra.bundle", "lock"],
        ["npm", "install", "--package-lock-only", "--no-audit", "--no-fund"],
    ]
    for step in steps:
        print("$", " ".join(step).replace(f"{ROOT}/", ""), flush=True)
        code = subprocess.run(step, cwd=ROOT, check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
