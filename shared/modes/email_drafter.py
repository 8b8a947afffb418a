"""The email drafter mode."""

from __future__ import annotations

from typing import ClassVar

from shared.db.selector import DatabaseSelector
from shared.models.api.modes import ContextView, NoParams, QuickActionResult
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.modes.base import BaseModeHandler, QuickActionRule
from shared.services.access_log import AccessLog
from shared.services.clock import Clock


class EmailDrafterModeHandler(BaseModeHandler):
    """See BaseModeHandler. Who works in it and who may run its actions: shared/auth/permissions.py."""

    mode: ClassVar[str] = "email-drafter"
    label: ClassVar[str] = "Email Drafter"
    quick_actions: ClassVar[tuple[QuickActionRule, ...]] = (
        QuickActionRule("view_record", "View Full Record", NoParams, "view_record"),
    )

    def __init__(self, db_selector: DatabaseSelector, access_log: AccessLog, *, now: Clock) -> None:
        self._db = db_selector
        self._access_log = access_log
        self._now = now

    @classmethod
    def fresh_summary(cls, record_type: str, number: str) -> str:
        """See BaseModeHandler.fresh_summary."""
        return f"Email Drafter: working on {record_type} {number}…"

    def view_record(self, caller: Caller, context: ContextDocument, params: NoParams) -> QuickActionResult:
        """Show the context; the read is audited."""
        del params
        event = caller.seen("context", resource_ref=context.id, patient_ref=context.patient_uuid, mode=self.mode)
        with self._access_log.reading(event):
            record = ContextView.of(context).model_dump(mode="json", by_alias=True)
        return QuickActionResult(success=True, data={"status": context.status, "record": record}, guidance_actions=())
