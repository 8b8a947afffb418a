"""The session that opening a context leaves: it ends after twelve idle hours, however old the sign-in is."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.db.selector import DatabaseSelector
from shared.models.api.modes import SetContext
from shared.models.firestore.documents import SessionDocument
from shared.repositories.memory.members import InMemoryAuditPublisher
from shared.repositories.memory.store import InMemoryLiveStore, InMemoryRecordStore
from shared.services.access_log import AccessLog
from shared.services.contexts import IDLE_TIME, ContextService
from tests.unit.factories import NOW, caller


def test_a_session_ends_after_idle_hours_and_each_opening_puts_that_off() -> None:
    live, now = InMemoryLiveStore(), [NOW]
    service = ContextService(
        DatabaseSelector(InMemoryRecordStore, lambda: live),
        AccessLog(InMemoryAuditPublisher, lambda: live.outbox),
        b"k" * 32,
        now=lambda: now[0],
    )
    signed_in = NOW - timedelta(days=3)
    who = caller(session_id=f"uid-a1_{int(signed_in.timestamp())}")

    def opened(record: str, at: datetime) -> SessionDocument:
        now[0] = at
        wanted = SetContext.model_validate({"recordType": "Other", "recordId": record})
        service.open(who, "eligibility", wanted, lambda number: number)
        session = live.contexts.session(who.session_id)
        assert session is not None
        return session

    assert opened("a", NOW).expire_at == NOW + IDLE_TIME
    later = NOW + timedelta(hours=11)
    assert opened("b", later).expire_at == later + IDLE_TIME
