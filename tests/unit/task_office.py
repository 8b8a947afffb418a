"""A tasks component on in-memory stores, with a clock of its own."""

from __future__ import annotations

from typing import Any

from shared.db.selector import DatabaseSelector
from shared.models.api.tasks import NewTask, TaskEdit, TaskQuery, TaskView
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.repositories.memory.members import InMemoryAuditPublisher
from shared.repositories.memory.store import InMemoryLiveStore, InMemoryRecordStore
from shared.services.access_log import AccessLog
from shared.services.tasks import TaskService
from tests.unit.factories import NOW, caller, context, event, session


class Office:
    """A tasks component with one open context, and its clock."""

    def __init__(self) -> None:
        self.live, self.topic = InMemoryLiveStore(), InMemoryAuditPublisher()
        self.now = NOW
        log = AccessLog(lambda: self.topic, lambda: self.live.outbox)
        selector = DatabaseSelector(InMemoryRecordStore, lambda: self.live)
        self.service = TaskService(selector, log, now=lambda: self.now)
        self.caller = caller()
        self.context = self.open(context())

    def open(self, wanted: ContextDocument, who: Caller | None = None) -> ContextDocument:
        by = session(wanted, id=(who or self.caller).session_id)
        return self.live.contexts.open(wanted, by, event(), lambda _context, _new: None)[0]

    def create(self, who: Caller | None = None, **members: Any) -> TaskView:
        given = {"contextId": self.context.id, "label": "Call the payer"} | members
        return self.service.create_task(who or self.caller, NewTask.model_validate(given))

    def listed(self, who: Caller | None = None, **query: Any) -> list[str]:
        found = self.service.get_tasks(who or self.caller, TaskQuery.model_validate(query))
        return [one.label for one in found.tasks]

    def edit(self, task_id: str, who: Caller | None = None, **members: Any) -> TaskView:
        return self.service.update_task(who or self.caller, task_id, TaskEdit.model_validate(members))

    @property
    def events(self) -> int:
        """How many changes were recorded, the opening of the context aside."""
        return len(self.live.documents.events) - 1
