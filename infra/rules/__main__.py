"""`python -m infra.rules` writes the generated block of firestore.rules from the permission table."""

from __future__ import annotations

import sys
from pathlib import Path

from infra.rules.mode_table import RulesError, with_predicate

_RULES = Path(__file__).resolve().parents[2] / "firestore.rules"


def main() -> int:
    """Run the command line. Returns the exit code: 0 done, 2 the file has no generated block."""
    rules = _RULES.read_text()
    try:
        wanted = with_predicate(rules)
    except RulesError as exc:
        print(exc, file=sys.stderr)
        return 2
    if wanted != rules:
        _RULES.write_text(wanted)
    print(f"{_RULES.name}: {'unchanged' if wanted == rules else 'written'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
