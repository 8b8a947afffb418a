"""Server-sent events: their format, and an answer that goes on.

Source of the format: https://html.spec.whatwg.org/multipage/server-sent-events.html.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from flask import Response

HEARTBEAT = b":\n\n"


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event. `id` is the position that a client comes back with; `retry` is in milliseconds."""

    data: str
    event: str | None = None
    id: str | None = None
    retry: int | None = None

    def encoded(self) -> bytes:
        """The event as it is sent. Each line of `data` is a line of its own, whatever ends it."""
        lines = [] if self.retry is None else [f"retry: {self.retry}"]
        lines += [] if self.id is None else [f"id: {self.id}"]
        lines += [] if self.event is None else [f"event: {self.event}"]
        lines += [f"data: {line}" for line in self.data.splitlines() or [""]]
        return ("\n".join(lines) + "\n\n").encode()


Events = Callable[[], AsyncGenerator[ServerSentEvent, None]]


class EventStream(Response):
    """An open answer: `events` is called once, on the event loop, when the head has been decided.

    It makes all of the answer's events; its iterator is closed when the client has gone. `whole` makes those of a
    finite answer, where its events are not simply the first of the same.
    """

    def __init__(self, events: Events, headers: dict[str, str] | None = None, whole: Events | None = None) -> None:
        given = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
        super().__init__(status=200, headers=given | (headers or {}), content_type="text/event-stream; charset=utf-8")
        self.events = events
        self.whole = whole
