"""One JSON line a request on standard output, as Cloud Logging reads it. Route templates, never paths or bodies."""

from __future__ import annotations

import json
import re
import sys
import traceback
from typing import Any

_TRACE = re.compile(r"^([0-9a-f]{32})(?:[/;].*)?$")
_TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$")


def log_request(project: str, severity: str, trace_header: str, **members: Any) -> None:
    """Write the line. `members` are references and figures only."""
    found = _TRACE.match(trace_header) or _TRACEPARENT.match(trace_header)
    line = {"severity": severity, "message": "request", **members}
    if found:
        line["logging.googleapis.com/trace"] = f"projects/{project}/traces/{found.group(1)}"
    sys.stdout.write(json.dumps(line, default=str) + "\n")
    sys.stdout.flush()


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
