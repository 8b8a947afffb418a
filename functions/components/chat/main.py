"""Asking the assistant about the record in hand: `/api/v1/components/chat`."""

from __future__ import annotations

import functions_framework
from flask import Request, Response

from shared import bootstrap_chat
from shared.auth.permissions import Permission
from shared.models.api.chat import ExchangeView, MessageList, MessageQuery, MessageView, NewMessage, ThinkingView
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.web import Operations, Reply, function_app

operations = Operations(tag="chat", prefix="/api/v1/components/chat")

_COVERAGE = "coverages/01975f3c-0000-7000-8000-0000000000c1"
_STEP = {
    "tool": "coverage",
    "text": "Read the coverage of the patient",
    "sources": [_COVERAGE],
    "milliseconds": 12,
    "error": None,
}
_MESSAGE = {
    "id": "msg_4f9a",
    "contextId": "ctx_7c1e",
    "threadId": "own_01975f3c-0000-7000-8000-000000000001",
    "type": "user",
    "content": "Is she covered on Friday?",
    "status": "complete",
}
_REPLY = {
    **_MESSAGE,
    "id": "msg_81c2",
    "type": "system",
    "content": "Yes: Bluestem PPO is active on 2026-11-27.",
    "thinking": [_STEP],
    "citations": [{"source": _COVERAGE, "title": "Bluestem PPO"}],
    "guidanceActions": [{"label": "Check Eligibility", "action": "check_eligibility"}],
    "inReplyTo": "msg_4f9a",
}


@operations.get(
    "/messages",
    summary="A thread, newest first: the caller's own in the context, or a shared one by its name",
    permission=Permission.CHAT_READ,
    audit=AuditAction.CHAT_LIST,
    example={
        "contextId": "ctx_7c1e",
        "threadId": _MESSAGE["threadId"],
        "messages": [_REPLY, _MESSAGE],
        "nextCursor": None,
    },
)
def list_messages(caller: Caller, query: MessageQuery) -> MessageList:
    return bootstrap_chat.chat_service().get_messages(caller, query)


@operations.post(
    "/messages",
    summary="Ask the assistant and get its answer; 409 `run_active` while it is still answering in the thread",
    permission=Permission.CHAT_WRITE,
    audit=AuditAction.CHAT_SEND,
    status=201,
    request_example={"contextId": "ctx_7c1e", "content": "Is she covered on Friday?"},
    example={"message": _MESSAGE, "reply": _REPLY},
)
def send_message(caller: Caller, body: NewMessage) -> Reply[ExchangeView]:
    return Reply(bootstrap_chat.chat_service().send(caller, body), status=201)


@operations.get(
    "/thinking/<message_id>",
    summary="The steps that the assistant really took for a reply, in order",
    permission=Permission.CHAT_READ,
    audit=AuditAction.CHAT_THINKING,
    example={"messageId": "msg_81c2", "status": "complete", "thinking": [_STEP]},
)
def get_thinking(caller: Caller, message_id: str) -> ThinkingView:
    return bootstrap_chat.chat_service().thinking(caller, message_id)


@operations.post(
    "/messages/<message_id>/stop",
    summary="Stop the run that writes a reply; a reply that is over stays as it is",
    permission=Permission.CHAT_WRITE,
    audit=AuditAction.CHAT_STOP,
    example={**_REPLY, "status": "streaming", "stopRequested": True},
)
def stop_message(caller: Caller, message_id: str) -> Reply[MessageView]:
    message = bootstrap_chat.chat_service().stop(caller, message_id)
    return Reply(message, version=message.version)


_app = function_app(operations)


@functions_framework.http
def chat(request: Request) -> Response:
    return _app(request)
