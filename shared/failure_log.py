"""What is logged of an unexpected error: where it happened, never what its message says."""

from __future__ import annotations

import json
import sys
import traceback


def log_failure(error: BaseException, request_id: str) -> None:
    """Write an unexpected error with where it happened; its message may hold data and stays out."""
    places = [
        f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)
    ]
    line = {
        "severity": "ERROR",
        "message": "unexpected error",
        "error": type(error).__name__,
        "requestId": request_id,
        "at": places[-8:],
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
