"""The backend mode: what billers do with claims, from the draft to the last cent.

Parts are in services and made on first use. Quick actions are tables of rules beside their parts, as in the eligibility
mode: a part adds its table to `quick_actions` and its property below.
"""

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

if TYPE_CHECKING:
    from shared.services.claim_work import ClaimWork
    from shared.services.claims import ClaimService
    from shared.services.remittance_posting import RemittancePosting


class BackendModeHandler(BaseModeHandler):
    """See BaseModeHandler. Who works in it and who may run its actions: shared/auth/permissions.py."""

    mode: ClassVar[str] = "backend"
    label: ClassVar[str] = "Backend"
    quick_actions: ClassVar[tuple[QuickActionRule, ...]] = (
        QuickActionRule("view_record", "View Full Record", NoParams, "view_record", only_reads=True),
    )

    def __init__(self, db_selector: DatabaseSelector, access_log: AccessLog, *, now: Clock) -> None:
        self._db = db_selector
        self._access_log = access_log
        self._now = now

    @cached_property
    def claims(self) -> ClaimService:
        """Claims one at a time, for routes and quick actions."""
        from shared.services.claims import ClaimService

        return ClaimService(lambda: self._db.postgres, self._access_log, now=self._now)

    @cached_property
    def work(self) -> ClaimWork:
        """Queues, lists, deadlines and aging."""
        from shared.services.claim_work import ClaimWork

        return ClaimWork(lambda: self._db.postgres, self._access_log, now=self._now)

    @cached_property
    def remittances(self) -> RemittancePosting:
        """Payers' files about claims."""
        from shared.services.remittance_posting import RemittancePosting

        return RemittancePosting(lambda: self._db.postgres, self._access_log, now=self._now)

    @classmethod
    def fresh_summary(cls, record_type: str, number: str) -> str:
        """See BaseModeHandler.fresh_summary."""
        return f"Working on {number}…" if record_type == "other" else f"Working on {record_type} {number}…"

    def recall(self, caller: Caller) -> None:
        """See BaseModeHandler.recall."""
        self._db.postgres.eligibility.recall(caller.client_id, caller.idempotency)

    def view_record(self, caller: Caller, context: ContextDocument, params: NoParams) -> QuickActionResult:
        """Show the record behind the context: a claim with everything, else the context itself."""
        del params
        if context.record_type == "claim" and context.record_uuid is not None:
            shown = self.claims.get(caller, context.record_uuid).model_dump(mode="json", by_alias=True)
            return QuickActionResult(
                success=True, data={"status": context.status, "record": shown}, guidance_actions=()
            )
        event = caller.seen("context", resource_ref=context.id, patient_ref=context.patient_uuid, mode=self.mode)
        with self._access_log.reading(event):
            shown = ContextView.of(context).model_dump(mode="json", by_alias=True)
        return QuickActionResult(success=True, data={"status": context.status, "record": shown}, guidance_actions=())
