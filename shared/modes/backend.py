"""The backend mode: what billers do with claims, from the draft to the last cent.

Parts are in services and made on first use. Quick actions are tables of rules beside their parts, as in the eligibility
mode: a part adds its table to `quick_actions` and its property below.
"""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from shared.domain.claim.guidance import desk_guidance, guidance, why_not
from shared.domain.claim.wording import in_words
from shared.models.api.modes import ContextView, NoParams, QuickActionResult, SummaryView
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.models.guidance import GuidanceAction, GuidanceReason
from shared.models.snapshot import Snapshot
from shared.modes.base import BaseModeHandler, QuickActionRule
from shared.services.claim_action_table import CLAIM_ACTIONS

if TYPE_CHECKING:
    from shared.domain.claim.situation import ClaimSituation
    from shared.services.claim_actions import ClaimActions
    from shared.services.claim_answers import ClaimAnswers
    from shared.services.claim_desk import ClaimDesk
    from shared.services.claim_readings import ClaimReadings
    from shared.services.claim_situations import ToldOfClaims
    from shared.services.claim_work import ClaimWork
    from shared.services.claims import ClaimService
    from shared.services.remittance_posting import RemittancePosting


class BackendModeHandler(BaseModeHandler):
    """See BaseModeHandler. Who works in it and who may run its actions: shared/auth/permissions.py."""

    mode: ClassVar[str] = "backend"
    label: ClassVar[str] = "Backend"
    quick_actions: ClassVar[tuple[QuickActionRule, ...]] = (
        QuickActionRule("view_record", "View Full Record", NoParams, "view_record", only_reads=True),
        *CLAIM_ACTIONS,
    )

    @cached_property
    def claims(self) -> ClaimService:
        """Claims one at a time, for routes and quick actions."""
        from shared.services.claim_situations import ClaimSituations
        from shared.services.claims import ClaimService

        return ClaimService(lambda: self._db.postgres, self._access_log, ClaimSituations(self._db), now=self._now)

    @cached_property
    def work(self) -> ClaimWork:
        """Queues, lists, deadlines and aging."""
        from shared.services.claim_work import ClaimWork

        return ClaimWork(lambda: self._db.postgres, self._access_log, now=self._now)

    @cached_property
    def desk(self) -> ClaimDesk:
        """What every quick action on a claim has in common."""
        from shared.services.claim_desk import ClaimDesk

        return ClaimDesk(self._db, self._access_log, now=self._now)

    @cached_property
    def claim_actions(self) -> ClaimActions:
        """The quick actions before a claim is with the payer."""
        from shared.services.claim_actions import ClaimActions

        return ClaimActions(self.desk, self._db)

    @cached_property
    def claim_answers(self) -> ClaimAnswers:
        """The quick actions after the payer has answered."""
        from shared.services.claim_answers import ClaimAnswers

        return ClaimAnswers(self.desk)

    @cached_property
    def claim_readings(self) -> ClaimReadings:
        """The quick actions that only look."""
        from shared.services.claim_readings import ClaimReadings

        return ClaimReadings(self.desk, self.work, self._db, self._access_log)

    @cached_property
    def remittances(self) -> RemittancePosting:
        """Payers' files about claims."""
        from shared.services.remittance_posting import RemittancePosting

        return RemittancePosting(lambda: self._db.postgres, self._access_log, now=self._now)

    @classmethod
    def fresh_summary(cls, record_type: str, number: str) -> str:
        """See BaseModeHandler.fresh_summary."""
        return f"Working on {number}…" if record_type == "other" else f"Working on {record_type} {number}…"

    def get_summary(self, caller: Caller, context: ContextDocument) -> SummaryView:
        """Make the summary from the claims as they are now: the claim's, the patient's, or the whole desk's."""
        event = caller.seen(
            "claim_list", resource_ref=context.id, patient_ref=context.patient_uuid, mode=self.mode, same="summary"
        )
        with self._access_log.reading(event):
            made = self._told(caller.client_id, context, self.local_time(caller))
        return SummaryView(
            mode=self.mode,
            context_id=context.id,
            summary=in_words(made.sentences),
            status=made.status,
            facts=made.facts,
            sentences=made.sentences,
            updated_at=context.updated_at,
        )

    def snapshot(self, client_id: UUID, context: ContextDocument, *, now: datetime) -> Snapshot | None:
        """See BaseModeHandler.snapshot. Before somebody has worked in it a context says nothing of the records."""
        return self._told(client_id, context, now).snapshot if context.facts else None

    def guidance(self, caller: Caller, context: ContextDocument) -> tuple[GuidanceAction, ...]:
        """See BaseModeHandler.guidance. Of a patient, or of no record, it is what the whole desk can do."""
        view = GuidanceAction(label="View Full Record", action="view_record", id=f"{self.mode}.record")
        situation = self._situation(caller, context)
        offers = desk_guidance(caller.role) if situation is None else guidance(situation, caller.role)
        return (*offers, view)

    def why_not(self, caller: Caller, context: ContextDocument, action: str) -> GuidanceReason | None:
        """See BaseModeHandler.why_not."""
        situation = self._situation(caller, context)
        return None if situation is None else why_not(situation, action)

    def _situation(self, caller: Caller, context: ContextDocument) -> ClaimSituation | None:
        if context.record_type != "claim":
            return None
        file = self.desk.situations.file(caller.client_id, context.record_uuid)
        return self.desk.situations.situation(caller.client_id, file, self.desk.today(caller))

    def _told(self, client_id: UUID, context: ContextDocument, now: datetime) -> ToldOfClaims:
        return self.desk.situations.told(
            client_id, context.record_type, context.record_uuid, context.patient_uuid, now.date()
        )

    def recall(self, caller: Caller) -> None:
        """See BaseModeHandler.recall."""
        self._db.postgres.eligibility.recall(caller.client_id, caller.idempotency)

    def view_record(self, caller: Caller, context: ContextDocument, params: NoParams) -> QuickActionResult:
        """Show the record behind the context: a claim with everything, else the context itself."""
        del params
        if context.record_type == "claim" and context.record_uuid is not None:
            shown = self.claims.get(caller, context.record_uuid).model_dump(mode="json", by_alias=True)
            return self._shown(caller, context, shown)
        event = caller.seen("context", resource_ref=context.id, patient_ref=context.patient_uuid, mode=self.mode)
        with self._access_log.reading(event):
            shown = ContextView.of(context).model_dump(mode="json", by_alias=True)
        return self._shown(caller, context, shown)

    def _shown(self, caller: Caller, context: ContextDocument, record: dict[str, Any]) -> QuickActionResult:
        """The record, with the status that the summary tells: the one that is stored may be older."""
        status = self._told(caller.client_id, context, self.local_time(caller)).status
        return QuickActionResult(success=True, data={"status": status, "record": record}, guidance_actions=())
