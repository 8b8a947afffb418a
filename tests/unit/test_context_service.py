"""The session that opening a context leaves: put off by use, up to the end that the sign-in has fixed."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.db.selector import DatabaseSelector
from shared.domain.session import SessionLimits
from shared.models.api.modes import SetContext
from shared.models.firestore.documents import SessionDocument
from shared.repositories.memory.members import InMemoryAuditPublisher
from shared.repositories.memory.store import InMemoryLiveStore, InMemoryRecordStore
from shared.services.access_log import AccessLog
from shared.services.contexts import ContextService
from tests.unit.factories import NOW, caller


def test_each_opening_puts_idleness_off_and_never_the_end_of_the_session() -> None:
    live, now = InMemoryLiveStore(), [NOW]
    service = ContextService(
        DatabaseSelector(InMemoryRecordStore, lambda: live),
        AccessLog(InMemoryAuditPublisher, lambda: live.outbox),
        b"k" * 32,
        now=lambda: now[0],
        limits=SessionLimits(idle=timedelta(minutes=30), length=timedelta(hours=10)),
    )
    who = caller(session_id=f"uid-a1_{int(NOW.timestamp())}")

    def opened(record: str, at: datetime) -> SessionDocument:
        now[0] = at
        wanted = SetContext.model_validate({"recordType": "Other", "recordId": record})
        service.open(who, "eligibility", wanted, lambda number: number)
        session = live.contexts.session(who.session_id)
        assert session is not None
        return session

    for minutes in (0, 20):
        at = NOW + timedelta(minutes=minutes)
        session = opened(f"record-{minutes}", at)
        assert (session.last_activity_at, session.idle_until) == (at, at + timedelta(minutes=30))
        assert session.expire_at == NOW + timedelta(hours=10)
