"""An office with the grounded assistant, in memory; `ask` asks about a record of the demo's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shared.assistant.protocol import Question
from shared.db.selector import DatabaseSelector
from shared.models.caller import Caller
from shared.models.firestore.conversation import MessageDocument
from shared.models.firestore.documents import ContextDocument
from shared.models.identifiers import document_id
from shared.models.roles import Role
from shared.models.users import AssistantMode
from shared.services.access_log import AccessLog
from tests.unit.assistant.desk import Answered, assistant_over
from tests.unit.clinic import MODE, Clinic
from tests.unit.factories import NOW


class Office:
    """The assistant at Riverside; `ask` asks about MRN553's record unless another one is opened."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        log = AccessLog(lambda: clinic.topic, lambda: clinic.live.outbox)
        self.selector = DatabaseSelector(lambda: clinic.records, lambda: clinic.live)
        self.assistant = assistant_over(self.selector, clinic.modes, log, clinic.clock)

    def question(
        self,
        text: str,
        *after: str,
        record: tuple[str, str] = ("MRN553", "Patient ID"),
        who: Caller | None = None,
        assistant_mode: AssistantMode = "Co-pilot",
    ) -> Question:
        caller = who or self.clinic.caller
        view = self.clinic.open(*record, who=caller)
        context = self.selector.bound(caller.client_id).get_context(view.context_id)
        history = tuple(_message(one, context) for one in after)
        return Question(caller, context, text, history, assistant_mode, NOW)

    def ask(self, text: str, *after: str, **members: Any) -> Answered:
        asked = self.question(text, *after, **members)
        return Answered.of(list(self.assistant.answer(asked, stopped=lambda: False)))

    def person(self, role: Role, **members: Any) -> Caller:
        return replace(self.clinic.caller, role=role, session_id=f"uid-{role}_1790000000", **members)


def _message(text: str, context: ContextDocument) -> MessageDocument:
    members = {"context_id": context.id, "mode": MODE, "thread_id": "t", "user_id": "u", "type": "user"}
    return MessageDocument(
        id=document_id("msg"), client_id=context.client_id, created_at=NOW, updated_at=NOW, content=text, sort_at=NOW,
        **members,  # type: ignore[arg-type]
    )  # fmt: skip
