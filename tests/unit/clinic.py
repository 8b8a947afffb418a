"""The modes over the demo's two organisations, on in-memory stores."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from infra.local.demo_accounts import LAKESIDE, RIVERSIDE
from infra.local.demo_records import rows_for
from shared.clearinghouse.port import Clearinghouse
from shared.db.selector import DatabaseSelector
from shared.domain.session import SessionLimits
from shared.models.api.modes import ContextView, QuickAction, QuickActionResult, SetContext
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.modes.eligibility import EligibilityModeHandler
from shared.repositories.memory.members import InMemoryAuditPublisher
from shared.repositories.memory.store import InMemoryLiveStore, InMemoryRecordStore
from shared.services.access_log import AccessLog
from shared.services.contexts import ContextService
from shared.services.modes import ModeService
from tests.unit.factories import NOW, caller

MODE = "eligibility"


class Clinic:
    """The modes over both organisations of the demo."""

    def __init__(self) -> None:
        self.moment, self.step = NOW, timedelta(0)
        self.live, self.records, self.topic = InMemoryLiveStore(), InMemoryRecordStore(), InMemoryAuditPublisher()
        for organisation in (RIVERSIDE, LAKESIDE):
            for rows in rows_for(organisation, NOW):
                for row in rows.rows if rows.table not in {"clients", "users"} else []:
                    self.records.tables.add(rows.table, row)
        log = AccessLog(lambda: self.topic, lambda: self.live.outbox)
        selector = DatabaseSelector(lambda: self.records, lambda: self.live)
        contexts = ContextService(selector, log, b"a secret", now=self.clock, limits=SessionLimits())
        self.payers: Clearinghouse | None = None
        self.modes = ModeService(selector, log, contexts, now=self.clock, clearinghouse=lambda: self.payers)
        self.caller = caller(client_id=RIVERSIDE.id, action=AuditAction.QUICK_ACTION)
        self.neighbour = caller(client_id=LAKESIDE.id, session_id="uid-l_1790000000", uid="uid-l")

    def clock(self) -> datetime:
        self.moment += self.step
        return self.moment

    @property
    def handler(self) -> EligibilityModeHandler:
        found: EligibilityModeHandler = self.modes.get_mode_handler(MODE)
        return found

    def open(
        self, record_id: str = "MRN553", record_type: Any = "Patient ID", who: Caller | None = None
    ) -> ContextView:
        wanted = SetContext(record_type=record_type, record_id=record_id)
        return self.modes.set_context(who or self.caller, MODE, wanted)[0]

    def check(self, who: Caller | None = None, **params: Any) -> QuickActionResult:
        request = QuickAction(action="check_eligibility", params=params)
        return self.modes.execute_quick_action(who or self.caller, MODE, request)
