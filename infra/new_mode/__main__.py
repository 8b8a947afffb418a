"""`python -m infra.new_mode NAME`: write a new mode (`make new-mode NAME=prior_auth`)."""

from __future__ import annotations

import subprocess
import sys

from infra.new_mode.writing import NewModeError, write_mode
from shared.catalog import ROOT


def main() -> int:
    """The command line; returns the exit code: 0 written, 2 refused."""
    names = sys.argv[1:]
    if len(names) != 1:
        print("Name the mode: make new-mode NAME=prior_auth", file=sys.stderr)
        return 2
    try:
        written = write_mode(names[0])
    except NewModeError as exc:
        print(exc, file=sys.stderr)
        return 2
    for path in written:
        print(f"wrote {path.relative_to(ROOT)}")
    # Line breaks depend on the name's length.
    sources = [str(path) for path in written if path.suffix == ".py"]
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", *sources], cwd=ROOT, check=True)
    # A process of its own, because it has to see the mode that was just written.
    described = subprocess.run([sys.executable, "-m", "infra.gateway"], cwd=ROOT, check=False).returncode
    print("Administrators, managers and auditors may use it now; shared/auth/permissions.py opens it to further roles.")
    return described


if __name__ == "__main__":
    raise SystemExit(main())
