"""The front desk mode: who comes today, who waits, and what stands between a patient and the provider."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from shared.models.api.modes import ContextView, NoParams, QuickActionResult, SummaryView
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.models.guidance import GuidanceAction, GuidanceReason
from shared.models.snapshot import Snapshot
from shared.modes.base import BaseModeHandler, QuickActionRule
from shared.services.front_desk_action_table import DAY_ACTIONS
from shared.services.visit_action_table import VISIT_ACTIONS

if TYPE_CHECKING:
    from shared.services.demographics import Demographics
    from shared.services.front_desk_day import FrontDeskDay
    from shared.services.front_desk_guidance import FrontDeskGuidance
    from shared.services.front_desk_handoff import FrontDeskHandoffs
    from shared.services.visit_actions import VisitActions
    from shared.services.visits import VisitService

_WITHOUT_VISIT = frozenset({"view_record", "todays_schedule", "readiness_list", "add_walk_in"})


# Their answers tell the context's status; those that move a visit tell what it is then.
_TELL_THE_CONTEXTS = frozenset(
    {"view_record", "todays_schedule", "readiness_list", "call_script", "handoff", "update_demographics"}
)


class FrontDeskModeHandler(BaseModeHandler):
    """See BaseModeHandler. Who works in it and who may run its actions: shared/auth/permissions.py."""

    mode: ClassVar[str] = "front-desk"
    label: ClassVar[str] = "Front Desk"
    quick_actions: ClassVar[tuple[QuickActionRule, ...]] = (
        QuickActionRule("view_record", "View Full Record", NoParams, "view_record", only_reads=True),
        *VISIT_ACTIONS,
        *DAY_ACTIONS,
    )

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

    @cached_property
    def around(self) -> FrontDeskGuidance:
        """Summary, snapshot and guidance."""
        from shared.services.front_desk_guidance import FrontDeskGuidance

        return FrontDeskGuidance(self._db, self._access_log, now=self._now)

    @cached_property
    def day(self) -> FrontDeskDay:
        """The quick actions that only look."""
        from shared.services.front_desk_day import FrontDeskDay

        return FrontDeskDay(self._db, self._access_log, self.around, now=self._now)

    @cached_property
    def handoffs(self) -> FrontDeskHandoffs:
        """The quick action that hands a visit on."""
        from shared.services.front_desk_handoff import FrontDeskHandoffs

        return FrontDeskHandoffs(self._db, self._access_log, self.around, lambda: self.contexts, now=self._now)

    def get_summary(self, caller: Caller, context: ContextDocument) -> SummaryView:
        """See BaseModeHandler.get_summary."""
        return self.around.summary(caller, context)

    def snapshot(self, client_id: UUID, context: ContextDocument, *, now: datetime) -> Snapshot | None:
        """See BaseModeHandler.snapshot."""
        return self.around.snapshot(client_id, context, now=now)

    def guidance(self, caller: Caller, context: ContextDocument) -> tuple[GuidanceAction, ...]:
        """See BaseModeHandler.guidance. Without a visit, what works on any record."""
        offered = self.around.guidance(caller, context)
        if offered is not None:
            return offered
        return tuple(one for one in super().guidance(caller, context) if one.action in _WITHOUT_VISIT)

    def why_not(self, caller: Caller, context: ContextDocument, action: str) -> GuidanceReason | None:
        """See BaseModeHandler.why_not."""
        return None if action in _WITHOUT_VISIT else self.around.why_not(caller, context, action)

    @classmethod
    def fresh_summary(cls, record_type: str, number: str) -> str:
        """See BaseModeHandler.fresh_summary."""
        what = number if record_type == "other" else f"{record_type} {number}"
        return f"Front desk: working on {what}…"

    def execute_action(
        self, caller: Caller, context: ContextDocument, action: str, params: dict[str, Any]
    ) -> QuickActionResult:
        """See BaseModeHandler.execute_action. The status is the summary's: the one that is stored may be older."""
        self.rule_for(caller, action)
        if action in _TELL_THE_CONTEXTS:
            context = context.model_copy(update={"status": self.around.status(caller, context)})
        return super().execute_action(caller, context, action, params)

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
