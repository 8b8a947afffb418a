"""One JSON object a line, as Cloud Logging reads it."""

from __future__ import annotations

import json
from typing import Any


def log(severity: str, message: str, **members: Any) -> None:
    """Write one line; `members` are references and counts, never content."""
    print(json.dumps({"severity": severity, "message": message, **members}), flush=True)
