"""The assistant's answers as they are written: `/api/v1/components/chat/stream`."""

from __future__ import annotations

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared import bootstrap_chat
from shared.auth.permissions import Permission
from shared.models.api.chat import StreamedMessage, StreamQuery
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.web.operations import Operations
from shared.web.sse import EventStream
from shared.web.stream import stream_app
from shared.web.ui_message_stream import ui_message_stream

operations = Operations(tag="chat_stream", prefix="/api/v1/components/chat/stream")

_EVENTS = (
    'id: 1\ndata: {"type":"start","messageId":"msg_81c2"}\n\n'
    'data: {"type":"text-start","id":"text-1"}\n\n'
    'id: 5\ndata: {"type":"text-delta","id":"text-1","delta":"Yes."}\n\n'
    'data: {"type":"text-end","id":"text-1"}\n\n'
    'id: 6\ndata: {"type":"finish","finishReason":"stop"}\n\n'
    "data: [DONE]\n\n"
)


@operations.post(
    "/",
    summary="Ask, and follow the answer as a UI message stream (AI SDK, version 1); the same key follows the same one",
    permission=Permission.CHAT_WRITE,
    audit=AuditAction.CHAT_SEND,
    request_example={"contextId": "ctx_7c1e", "content": "Is she covered on Friday?"},
    example=_EVENTS,
)
def stream_message(caller: Caller, body: StreamedMessage) -> EventStream:
    return ui_message_stream(bootstrap_chat.chat_service().stream(caller, body))


@operations.get(
    "/<message_id>",
    summary="Go on with a reply's stream behind the event `after`; from its beginning without one",
    permission=Permission.CHAT_READ,
    audit=AuditAction.CHAT_RESUME,
    example=_EVENTS,
)
def resume_stream(caller: Caller, message_id: str, query: StreamQuery) -> EventStream:
    return ui_message_stream(bootstrap_chat.chat_service().resume(caller, message_id), after=query.after)


_app = stream_app(operations)


@functions_framework.aio.http
async def chat_stream(request: Request) -> Response:
    return await _app(request)
