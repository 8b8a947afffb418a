"""One JSON line a request on standard output, as Cloud Logging reads it. Route templates, never paths or bodies."""

from __future__ import annotations

import json
import re
import sys
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
