"""How the operations of the chat are called: the part of `permission_cells.CELLS` that is theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.permission_call import EVERYBODY, STAFF, Cell, Sent, at
from tests.permission_ids import CHAT, Ids


def _asked(path: str, **members: Any) -> Callable[[Ids], Sent]:
    return lambda ids: Sent(path, {"contextId": ids("context"), "content": "Is she covered?"} | members)


def _asked_by_the_ai_sdk(ids: Ids) -> Sent:
    question = {"id": "m1", "role": "user", "parts": [{"type": "text", "text": "Is she covered?"}]}
    body = {"id": "chat-1", "messages": [question], "trigger": "submit-message", "contextId": ids("context")}
    return Sent(f"{CHAT}/stream", body)


def _listed(**query: str) -> Callable[[Ids], Sent]:
    rest = "".join(f"&{name}={value}" for name, value in query.items())
    return lambda ids: Sent(f"{CHAT}/messages?contextId={ids('context')}{rest}")


CHAT_CELLS: dict[str, tuple[Cell, ...]] = {
    f"GET {CHAT}/messages": (
        Cell(EVERYBODY, _listed()),
        Cell(EVERYBODY, _listed(threadId="front"), note="a shared thread"),
    ),
    f"POST {CHAT}/messages": (
        Cell(STAFF, _asked(f"{CHAT}/messages")),
        Cell(STAFF, _asked(f"{CHAT}/messages", threadId="front"), note="in a shared thread"),
    ),
    f"GET {CHAT}/thinking/<message_id>": (Cell(EVERYBODY, at(CHAT + "/thinking/{}", "shared reply")),),
    f"POST {CHAT}/messages/<message_id>/stop": (Cell(STAFF, at(CHAT + "/messages/{}/stop", "shared reply")),),
    f"POST {CHAT}/stream/": (
        Cell(STAFF, _asked(f"{CHAT}/stream")),
        Cell(STAFF, _asked_by_the_ai_sdk, note="as the AI SDK asks"),
    ),
    f"GET {CHAT}/stream/<message_id>": (Cell(EVERYBODY, at(CHAT + "/stream/{}", "shared reply")),),
}
