"""A check as it is stored: its verdict, its answer, its audit event, and what changed since the one before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from shared.domain import eligibility as rules
from shared.errors import NotFoundError
from shared.models.api.eligibility import action_data
from shared.models.api.modes import QuickActionResult
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.models.identifiers import uuid7
from shared.models.records import EligibilityFile
from shared.models.replay import Replayed
from shared.models.verdict import Difference, VerdictReceipt
from shared.repositories.eligibility_protocols import Answered, NewCheck, PreviousCheck
from shared.repositories.protocols import KeptAnswer
from shared.services.access_log import AccessLog
from shared.services.eligibility_situations import offered

MODE = "eligibility"


class CheckDesk(Protocol):
    """What actions that check or change coverages need of the mode that they are part of."""

    def local_time(self, caller: Caller) -> datetime:
        """The time at the organisation."""
        ...

    def file_for(self, caller: Caller, context: ContextDocument, *, seen: AuditEvent | None) -> EligibilityFile:
        """Read the file of the context's patient."""
        ...

    def verdict_on(
        self, caller: Caller, file: EligibilityFile, *, asked_date: date | None = None, asked_service: str | None = None
    ) -> VerdictReceipt:
        """Decide on a file, as of the newest check unless something else is asked."""
        ...

    def bring_up_to_date(self, caller: Caller, context: ContextDocument) -> None:
        """Let the context show what is on file now."""
        ...


def carried_out(
    desk: CheckDesk,
    access_log: AccessLog,
    caller: Caller,
    context: ContextDocument,
    store: Callable[[], NewCheck | Answered | None],
) -> QuickActionResult:
    """Let `store` make its one commit, then bring the context up to date. Raises NotFoundError when it stored nothing.

    A repetition brings it up to date once more: the first try may have ended between the two stores.
    """
    try:
        done = store()
    except Replayed:
        desk.bring_up_to_date(caller, context)
        raise
    if done is None:
        raise NotFoundError("There is no such record")
    with access_log.handing_on(done.event):
        desk.bring_up_to_date(caller, context)
    return QuickActionResult.model_validate_json(done.answer)


def difference_to(previous: PreviousCheck | None, receipt: VerdictReceipt) -> Difference | None:
    """What changed since the check before; None without one whose receipt can be read."""
    if previous is None or previous.receipt is None:
        return None
    return rules.difference(previous.id, previous.receipt, receipt)


def new_check(
    caller: Caller,
    context: ContextDocument | None,
    patient_id: UUID,
    situation: rules.Situation,
    previous: PreviousCheck | None,
    *,
    action: str,
    told: dict[str, Any] | None = None,
    audited: dict[str, object] | None = None,
    changed: tuple[str, UUID] | None = None,
    **brought: Any,
) -> NewCheck:
    """Make the check that the quick action `action` stores.

    `told` joins the answer's data, `audited` the audit event's metadata, which is about the check unless the action
    `changed` another record (its type and id); `brought` are members of NewCheck that say where the verdict came from.
    """
    check_id, receipt = uuid7(), situation.receipt
    difference = difference_to(previous, receipt)
    answer = QuickActionResult(
        success=True,
        data=action_data(receipt, check_id, difference) | (told or {}),
        guidance_actions=offered(caller, rules.guidance(situation)),
    ).model_dump_json(by_alias=True)
    resource_type, resource_id = changed or ("eligibility_check", check_id)
    event = caller.changed(
        resource_type,
        resource_id=resource_id,
        resource_ref=None if context is None else context.id,
        patient_ref=str(patient_id),
        mode=MODE,
        metadata={"action": action, "verdict": receipt.verdict, **(audited or {})},
    )
    return NewCheck(
        id=check_id,
        patient_id=patient_id,
        verdict=receipt,
        checked_by=caller.user_id,
        event=event,
        kept=KeptAnswer(caller.idempotency, 200, answer) if caller.idempotency else None,
        answer=answer,
        previous=previous,
        difference=difference,
        **brought,
    )
