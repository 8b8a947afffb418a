"""`python -m infra.gateway`: write infra/gateway/openapi.json; `--check` fails when it is not up to date."""

from __future__ import annotations

import sys
from pathlib import Path

from infra.gateway.openapi import document, rendered

TARGET = Path(__file__).with_name("openapi.json")


def main() -> int:
    """Write or check the file; return the exit code."""
    text = rendered(document())
    if "--check" in sys.argv[1:]:
        if not TARGET.is_file() or TARGET.read_text() != text:
            print("infra/gateway/openapi.json is not up to date: run make openapi")
            return 1
        return 0
    TARGET.write_text(text)
    print(f"{TARGET.name}: {len(document()['paths'])} paths")
    return 0


if __name__ == "__main__":
    sys.exit(main())
