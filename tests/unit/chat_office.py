"""A chat component on in-memory stores, with a scripted assistant and a clock of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.db.selector import DatabaseSelector
from shared.errors import StoreUnavailableError
from shared.models.api.chat import ExchangeView, MessageList, MessageQuery, NewMessage
from shared.models.audit import AuditAction, AuditEvent
from shared.models.caller import Caller
from shared.models.firestore.conversation import MessageDocument
from shared.models.users import AssistantPreferences
from shared.repositories.changes import Change
from shared.repositories.memory.members import InMemoryAuditPublisher
from shared.repositories.memory.store import InMemoryLiveStore, InMemoryRecordStore
from shared.services.access_log import AccessLog
from shared.services.chat import ChatService
from shared.services.chat_runs import Pace, RunBoard
from tests.scripted_assistant import ScriptedAssistant
from tests.unit.factories import CLIENT, NOW, caller, context, event, session

OTHER_USER = UUID("00000000-0000-7000-8000-0000000000b2")
QUICK = Pace(write=0.02, failed=0.05, look=0.02, persistence=0.5, poll=0.01)


class ChatOffice:
    """A chat component with one open context."""

    def __init__(self) -> None:
        self.live, self.topic = InMemoryLiveStore(), InMemoryAuditPublisher()
        self.now = NOW
        self.assistant = ScriptedAssistant()
        self.log = AccessLog(lambda: self.topic, lambda: self.live.outbox)
        self.service = self.instance()
        self.caller = caller(action=AuditAction.CHAT_SEND)
        wanted = context()
        by = session(wanted, id=self.caller.session_id)
        self.context = self.live.contexts.open(wanted, by, event(), lambda _context, _new: None)[0]

    def instance(self) -> ChatService:
        """One more instance of the component, on the same stores."""
        selector = DatabaseSelector(InMemoryRecordStore, lambda: self.live)
        return ChatService(
            selector,
            self.log,
            RunBoard(),
            lambda _preferences: self.assistant,
            lambda _caller: AssistantPreferences(),
            pace=QUICK,
            now=lambda: self.now,
        )

    def colleague(self, **members: Any) -> Caller:
        """Somebody else of the organisation."""
        given: dict[str, Any] = {"uid": "uid-b2", "user_id": OTHER_USER, "session_id": "uid-b2_1"}
        return replace(self.caller, **given | members)

    def send(self, content: str = "Is she covered?", who: Caller | None = None, **members: Any) -> ExchangeView:
        new = NewMessage.model_validate({"contextId": self.context.id, "content": content} | members)
        return self.service.send(who or self.caller, new)

    def listed(self, who: Caller | None = None, **query: Any) -> MessageList:
        return self.service.get_messages(who or self.caller, MessageQuery.model_validate(query))

    def stored(self, message_id: str) -> MessageDocument:
        found = self.live.messages.get(CLIENT, message_id)
        assert found is not None
        return found

    def put(self, message_id: str, **members: Any) -> None:
        """Change a stored message behind everybody's back."""
        self.live.messages.change(CLIENT, message_id, lambda found: Change(found.model_copy(update=members), None))

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @property
    def events(self) -> list[AuditEvent]:
        """The events of changes, that of the opening aside."""
        return self.live.documents.events[1:]


class BrokenLine:
    """What an in-memory repository's `change` does while the store is away."""

    def __init__(self, office: ChatOffice) -> None:
        self.away = False
        self.tried = 0
        self._change = office.live.messages.change
        office.live.messages.change = self.change  # type: ignore[method-assign, assignment]  # the line breaks here

    def change(self, *arguments: Any) -> MessageDocument:
        self.tried += 1
        if self.away:
            raise StoreUnavailableError("The live store did not answer in time", retry_after=5)
        return self._change(*arguments)
