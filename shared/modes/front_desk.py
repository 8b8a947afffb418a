"""The front desk mode: who comes today, who waits, and what stands between a patient and the provider."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from shared.db.selector import DatabaseSelector
from shared.models.api.modes import ContextView, NoParams, QuickActionResult
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.modes.base import BaseModeHandler, QuickActionRule
from shared.services.access_log import AccessLog
from shared.services.clock import Clock
from shared.services.visit_action_table import VISIT_ACTIONS

if TYPE_CHECKING:
    from shared.services.demographics import Demographics
    from shared.services.visit_actions import VisitActions
    from shared.services.visits import VisitService


class FrontDeskModeHandler(BaseModeHandler):
    """See BaseModeHandler. Who works in it and who may run its actions: shared/auth/permissions.py."""

    mode: ClassVar[str] = "front-desk"
    label: ClassVar[str] = "Front Desk"
    quick_actions: ClassVar[tuple[QuickActionRule, ...]] = (
        QuickActionRule("view_record", "View Full Record", NoParams, "view_record", only_reads=True),
        *VISIT_ACTIONS,
    )

    def __init__(self, db_selector: DatabaseSelector, access_log: AccessLog, *, now: Clock) -> None:
        self._db = db_selector
        self._access_log = access_log
        self._now = now

    @cached_property
    def visit_service(self) -> VisitService:
        """Visits, for the routes that only this mode has."""
        from shared.services.visits import VisitService

        return VisitService(lambda: self._db.postgres, self._access_log, now=self._now)

    @cached_property
    def desk(self) -> VisitActions:
        """The quick actions about visits."""
        from shared.services.visit_actions import VisitActions

        return VisitActions(self.visit_service, lambda: self.contexts)

    @cached_property
    def demographics(self) -> Demographics:
        """The quick action that corrects a patient."""
        from shared.services.demographics import Demographics
        from shared.services.record_writes import RecordWriteService

        writes = RecordWriteService(lambda: self._db.postgres, self._access_log, now=self._now)
        return Demographics(lambda: self._db.postgres, writes)

    @classmethod
    def fresh_summary(cls, record_type: str, number: str) -> str:
        """See BaseModeHandler.fresh_summary."""
        what = number if record_type == "other" else f"{record_type} {number}"
        return f"Front desk: working on {what}…"

    def recall(self, caller: Caller) -> None:
        """See BaseModeHandler.recall."""
        self._db.postgres.eligibility.recall(caller.client_id, caller.idempotency)

    def view_record(self, caller: Caller, context: ContextDocument, params: NoParams) -> QuickActionResult:
        """Show the context's record: a visit with its history, and the context itself."""
        del params
        event = caller.seen("context", resource_ref=context.id, patient_ref=context.patient_uuid, mode=self.mode)
        record = ContextView.of(context).model_dump(mode="json", by_alias=True)
        if context.record_type == "visit":
            visit = self.visit_service.get(caller, context.record_uuid)
            shown = {"status": context.status, "record": record, "visit": visit.model_dump(mode="json", by_alias=True)}
            return QuickActionResult(success=True, data=shown, guidance_actions=())
        with self._access_log.reading(event):
            return QuickActionResult(
                success=True, data={"status": context.status, "record": record}, guidance_actions=()
            )
