"""Carrying out changes of claims: version, step, audit event, kept answer. Every part of billing changes claims by it.

What shows a claim elsewhere (contexts, tasks, alerts) follows by the record's own announcement (decision 0010).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from shared.domain.claim.states import ADJUDICATIONS
from shared.errors import PreconditionFailedError
from shared.models.api.claims import ClaimDetail
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.claim import Appeal, BilledClaim, ClaimFile, NewClaimEvent
from shared.repositories.claim_protocols import ClaimChange
from shared.repositories.protocols import KeptAnswer, RecordStore
from shared.services.access_log import AccessLog
from shared.services.claim_views import claim_detail
from shared.services.clock import Clock

MODE = "backend"
# Makes the body to answer and to keep, from the claim afterwards and its view.
ClaimAnswer: TypeAlias = Callable[[BilledClaim, ClaimDetail], str]


@dataclass(frozen=True, slots=True)
class Stepped:
    """A decided step: the claim afterwards (the same object: nothing of it changes), and what comes with it."""

    claim: BilledClaim
    events: tuple[NewClaimEvent, ...] = ()
    appeal: Appeal | None = None
    made: BilledClaim | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What a change brought about: the claim, its view, and the body that was kept as the answer."""

    claim: BilledClaim
    view: ClaimDetail
    body: str


ClaimStep: TypeAlias = Callable[[ClaimFile], Stepped]


def claim_body(_: BilledClaim, view: ClaimDetail) -> str:
    """The claim itself: what the routes answer."""
    return view.model_dump_json(by_alias=True)


class ClaimChanges:
    """Carries out steps."""

    def __init__(self, store: Callable[[], RecordStore], access_log: AccessLog, *, now: Clock) -> None:
        self._store = store
        self._access_log = access_log
        self._now = now

    def change(
        self,
        caller: Caller,
        reference: str,
        step: ClaimStep,
        change: str,
        *,
        version: int | None,
        answer: ClaimAnswer = claim_body,
    ) -> Done:
        """Make a step under the claim's lock; `version` is the one that was read, `change` names the step.

        Raises NotFoundError, PreconditionFailedError with the claim as it is, Replayed, and whatever `step` raises.
        """
        made: list[tuple[Done, AuditEvent]] = []

        def decide(file: ClaimFile) -> ClaimChange:
            today = caller.today(self._now())
            _check_version(caller, file, version, today)
            stepped = step(file)
            view = claim_detail(_after(file, stepped), today)
            body = answer(stepped.claim, view)
            event = _event(caller, file.claim, stepped, change)
            made[:] = [(Done(stepped.claim, view, body), event)]
            kept = KeptAnswer(caller.idempotency, 200, body) if caller.idempotency else None
            return ClaimChange(stepped.claim, event, kept, stepped.events, stepped.appeal, stepped.made)

        self._store().claims.change(
            caller.client_id, reference, decide, changed_by=caller.user_id, key=caller.idempotency
        )
        done, event = made[0]
        self._access_log.hand_on(event)
        return done


def _after(file: ClaimFile, stepped: Stepped) -> ClaimFile:
    """The file as it is read after the step."""
    adjustments = file.adjustments
    for event in stepped.events:
        if event.adjustments or event.kind in ADJUDICATIONS:
            adjustments = event.adjustments
        elif event.kind == "reverse":
            adjustments = ()
    appeal, made = stepped.appeal, stepped.made
    appeals = file.appeals
    if appeal is not None:
        appeals = (*(one for one in appeals if one.id != appeal.id), appeal)
    return ClaimFile(
        stepped.claim,
        file.patient,
        file.payer,
        file.provider,
        adjustments,
        appeals,
        file.secondary_ids if made is None else (*file.secondary_ids, made.id),
    )


def _event(caller: Caller, before: BilledClaim, stepped: Stepped, change: str) -> AuditEvent:
    """References and states only."""
    after = stepped.claim
    return caller.changed(
        "claim",
        resource_id=after.id,
        patient_ref=str(after.patient_id),
        mode=MODE,
        metadata={
            "change": change if after is not before or stepped.events else "unchanged",
            "from": before.status,
            "to": after.status,
            "version": after.version,
        },
    )


def _check_version(caller: Caller, file: ClaimFile, version: int | None, today: date) -> None:
    expected = caller.if_match if caller.if_match is not None else version
    if expected is not None and expected != file.claim.version:
        shown = claim_detail(file, today).model_dump(mode="json", by_alias=True)
        raise PreconditionFailedError("The claim has changed since you read it", current=shown)
