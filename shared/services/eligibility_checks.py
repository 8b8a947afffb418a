"""A check as it is stored: its verdict, its answer, its audit event, and what changed since the one before."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from shared.domain import eligibility as rules
from shared.models.api.eligibility import action_data
from shared.models.api.modes import QuickActionResult
from shared.models.caller import Caller
from shared.models.firestore.documents import ContextDocument
from shared.models.identifiers import uuid7
from shared.models.verdict import Difference, VerdictReceipt
from shared.repositories.eligibility_protocols import NewCheck, PreviousCheck
from shared.repositories.protocols import KeptAnswer
from shared.services.eligibility_situations import offered

MODE = "eligibility"


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
    **brought: Any,
) -> NewCheck:
    """Make the check that the quick action `action` stores.

    `told` joins the answer's data, `audited` the audit event's metadata; `brought` are members of NewCheck that say
    where the verdict came from.
    """
    check_id, receipt = uuid7(), situation.receipt
    changed = difference_to(previous, receipt)
    answer = QuickActionResult(
        success=True,
        data=action_data(receipt, check_id, changed) | (told or {}),
        guidance_actions=offered(caller, rules.guidance(situation)),
    ).model_dump_json(by_alias=True)
    event = caller.changed(
        "eligibility_check",
        resource_id=check_id,
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
        difference=changed,
        **brought,
    )
