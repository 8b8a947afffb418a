"""Event handlers: one wrapper that parses, runs, answers and logs, whatever the event's source.

The framework sees these functions as HTTP functions and this module reads the CloudEvent itself: the framework's own
`cloud_event` answers a malformed request with all of its headers and its body, and a failed one with the exception's
text. Eventarc, Pub/Sub push and Cloud Scheduler look at the status only, so nothing else is ever answered:

204  handled, or can never be handled (logged, and kept in quarantine where the handler has one): not sent again
405  not a POST
503  a store or the message bus did not answer in time: sent again
500  the handler failed: sent again
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol

from shared import log_line
from shared.config import refuse_unsafe_start, settings
from shared.errors import PermanentEventError, StoreUnavailableError
from shared.events.cloud_event import parse_cloud_event
from shared.events.documents import DocumentEvent, DocumentPattern, parse_document_event
from shared.events.messages import PubSubMessage, parse_message
from shared.log_line import Severity
from shared.models.outcome import Outcome


class IncomingRequest(Protocol):
    """What is read of the framework's request."""

    @property
    def method(self) -> str:
        """The HTTP method."""

    @property
    def headers(self) -> Any:
        """The header fields (a mapping in all but its declared type)."""

    def get_data(self) -> bytes:
        """The body."""


Answer = tuple[str, int, dict[str, str]]
View = Callable[[IncomingRequest], Answer]


def document_handler(pattern: str) -> Callable[[Callable[[DocumentEvent], Outcome]], View]:
    """Handle changes of the Firestore documents that fit `pattern`, such as `tasks/{taskId}`."""
    compiled = DocumentPattern(pattern)

    def decorate(function: Callable[[DocumentEvent], Outcome]) -> View:
        def run(request: IncomingRequest, line: dict[str, Any]) -> Outcome:
            event = parse_cloud_event(_fields(request), request.get_data())
            line |= {"eventId": event.id[:128], "eventType": event.type[:128]}
            return function(parse_document_event(event, pattern=compiled, project=settings().project))

        return _view(function, run, source=pattern)

    return decorate


def message_handler(topic: str) -> Callable[[Callable[[PubSubMessage], Outcome]], View]:
    """Handle the messages of the Pub/Sub topic `topic`."""

    def decorate(function: Callable[[PubSubMessage], Outcome]) -> View:
        def run(request: IncomingRequest, line: dict[str, Any]) -> Outcome:
            event = parse_cloud_event(_fields(request), request.get_data())
            line |= {"eventId": event.id[:128], "eventType": event.type[:128]}
            return function(parse_message(event, topic=topic))

        return _view(function, run, source=topic)

    return decorate


def schedule_handler(function: Callable[[], Outcome]) -> View:
    """Handle Cloud Scheduler's calls.

    Cloud Scheduler calls an HTTPS address by POST, with an OIDC token that the platform checks before the function
    runs; it sends no CloudEvent (those need a topic between, which adds a part and gains nothing). The body is unused.
    """

    def run(request: IncomingRequest, line: dict[str, Any]) -> Outcome:
        line |= {"eventId": _fields(request).get("x-cloudscheduler-scheduletime", "")[:128], "eventType": "schedule"}
        return function()

    return _view(function, run, source="schedule")


def _view(
    function: Callable[..., Outcome], run: Callable[[IncomingRequest, dict[str, Any]], Outcome], *, source: str
) -> View:
    refuse_unsafe_start()

    @wraps(function)
    def view(request: IncomingRequest) -> Answer:
        if request.method != "POST":
            return "", 405, {"Allow": "POST"}
        started = time.monotonic()
        line: dict[str, Any] = {"function": function.__name__}
        trace = _fields(request).get("traceparent")
        status = 204
        try:
            outcome = run(request, line)
        except PermanentEventError as exc:
            outcome = Outcome.DROPPED
            line["reason"] = str(exc)
        except StoreUnavailableError as exc:
            outcome, status = Outcome.RETRY, 503
            line["reason"] = exc.code
        except Exception as exc:  # noqa: BLE001 (the outermost place: whatever it is, it is logged and sent again)
            outcome, status = Outcome.RETRY, 500
            line |= {"reason": type(exc).__name__, "at": log_line.places(exc, last=5)}
        if trace:
            line["trace"] = trace[:128]
        _log(line, outcome, milliseconds=round((time.monotonic() - started) * 1000, 1))
        return "", status, {}

    view.event_source = source  # type: ignore[attr-defined]  # what a test compares with the catalog's trigger
    return view


def _fields(request: IncomingRequest) -> dict[str, str]:
    """The header fields by lower-case name."""
    return {name.lower(): value for name, value in request.headers.items()}


_SEVERITY: dict[Outcome, Severity] = {Outcome.DROPPED: "WARNING", Outcome.QUARANTINED: "ERROR", Outcome.RETRY: "ERROR"}


def _log(line: dict[str, Any], outcome: Outcome, *, milliseconds: float) -> None:
    severity = _SEVERITY.get(outcome, "INFO")
    log_line.write(severity, f"event {outcome}", **line, outcome=outcome, milliseconds=milliseconds)
