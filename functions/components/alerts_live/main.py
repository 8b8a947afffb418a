"""Alerts of a person as they happen: `/api/v1/components/alerts/live`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared import bootstrap
from shared.auth.permissions import Permission
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.web import Operations
from shared.web.sse import EventStream, ServerSentEvent
from shared.web.stream import stream_app

operations = Operations(tag="alerts", prefix="/api/v1/components/alerts/live")

# The members of an alert are those of `GET /components/alerts/`.
_EVENTS = (
    'id: 1796116500000000.alert_9b2e\nevent: alert\ndata: {"id":"alert_9b2e","severity":"critical"}\n\n'
    "id: 1796116500480000.~\nevent: ready\ndata: {}\n\n"
    ": heartbeat\n\n"
)


@operations.get(
    "/",
    summary="The caller's active alerts, then each change as it happens; Last-Event-ID goes on from there",
    permission=Permission.ALERT_READ,
    audit=AuditAction.ALERT_LIST,
    example=_EVENTS,
)
def live_alerts(caller: Caller, last_event_id: str | None) -> EventStream:
    stream = bootstrap.live_alerts().open(caller, last_event_id)

    async def events() -> AsyncGenerator[ServerSentEvent, None]:
        async with aclosing(stream.events()) as found:
            async for one in found:
                yield ServerSentEvent(one.data, event=one.event, id=one.id)

    answer = EventStream(events)
    answer.call_on_close(stream.leave)
    return answer


_app = stream_app(operations)


@functions_framework.aio.http
async def alerts_live(request: Request) -> Response:
    return await _app(request)
