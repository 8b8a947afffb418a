"""One JSON line on standard output, as Cloud Logging reads it: references and figures only, never what people wrote."""

from __future__ import annotations

import json
import sys
import traceback
from typing import Any, Literal

Severity = Literal["DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL"]


def write(severity: Severity, message: str, **members: Any) -> None:
    """Write the line. `message` is a fixed text; `members` hold what varies."""
    sys.stdout.write(json.dumps({"severity": severity, "message": message, **members}, default=str) + "\n")
    sys.stdout.flush()


def places(error: BaseException, last: int = 8) -> list[str]:
    """Where `error` was raised, outermost first, without its message: a message may carry somebody's data."""
    frames = traceback.extract_tb(error.__traceback__)[-last:]
    return [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames]


def failure(error: BaseException, request_id: str) -> None:
    """Write an unexpected error with where it happened."""
    write("ERROR", "unexpected error", error=type(error).__name__, requestId=request_id, at=places(error))
