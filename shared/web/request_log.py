"""One line of the log a request. Route templates, never paths or bodies."""

from __future__ import annotations

import re
from typing import Any

from shared import log_line
from shared.log_line import Severity

_TRACE = re.compile(r"^([0-9a-f]{32})(?:[/;].*)?$")
_TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$")


def log_request(project: str, severity: Severity, trace_header: str, **members: Any) -> None:
    """Write the line. `members` are references and figures only."""
    found = _TRACE.match(trace_header) or _TRACEPARENT.match(trace_header)
    trace = {"logging.googleapis.com/trace": f"projects/{project}/traces/{found.group(1)}"} if found else {}
    log_line.write(severity, "request", **members, **trace)
