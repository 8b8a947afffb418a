"""Carrying out steps of claims: version, move, history, audit event, kept answer; then the context that shows them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from shared.auth.permissions import allows_action, hidden_fields
from shared.db.selector import DatabaseSelector
from shared.domain.claim.guidance import guidance
from shared.domain.claim.situation import ClaimSituation
from shared.domain.claim.standing import balance, next_deadline, queues
from shared.domain.claim.states import ClaimMove, allowed_moves, moved
from shared.errors import (
    ConflictError,
    FieldError,
    InvalidTransitionError,
    NotFoundError,
    PreconditionFailedError,
    StoreUnavailableError,
    ValidationFailedError,
)
from shared.models.api.claim_actions import ClaimParams
from shared.models.api.modes import QuickActionResult
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.claim import Adjustment, Appeal, BilledClaim, ClaimFile, NewClaimEvent
from shared.models.firestore.documents import ContextDocument
from shared.models.identifiers import uuid7
from shared.models.replay import Replayed
from shared.models.snapshot import Snapshot
from shared.repositories.claim_protocols import ClaimChange
from shared.repositories.protocols import KeptAnswer
from shared.services.access_log import AccessLog
from shared.services.claim_situations import ClaimSituations
from shared.services.clock import Clock
from shared.services.snapshots import refresh

MODE = "backend"
OK = 200
ATTEMPTS = 3


class _OvertakenError(Exception):
    """The claim has changed since it was decided on."""


@dataclass(frozen=True, slots=True)
class Stepped:
    """A decided step: the claim afterwards, what its history tells, and what the answer says beside the claim."""

    claim: BilledClaim
    events: tuple[NewClaimEvent, ...] = ()
    appeal: Appeal | None = None
    made: BilledClaim | None = None
    told: dict[str, Any] | None = None


Step: TypeAlias = Callable[[ClaimFile, ClaimSituation], Stepped]


class ClaimChanges:
    """Carries out steps on the claim that a context, or a param, names."""

    def __init__(self, db: DatabaseSelector, access_log: AccessLog, *, now: Clock) -> None:
        self._db = db
        self._access_log = access_log
        self._now = now
        self.situations = ClaimSituations(db)

    def today(self, caller: Caller) -> date:
        """The day at the organisation."""
        return caller.today(self._now())

    def local_time(self, caller: Caller) -> datetime:
        """The time at the organisation."""
        return self._now().astimezone(ZoneInfo(caller.time_zone))

    def find(self, caller: Caller, context: ContextDocument, params: ClaimParams) -> ClaimFile:
        """Return the claim that is meant. Raises NotFoundError, also for a claim of another patient than the context's.

        Raises ValidationFailedError where neither the params nor the context name one.
        """
        reference = params.claim_id or (context.record_uuid if context.record_type == "claim" else None)
        if reference is None:
            message = "Name a claim: the context is about none"
            raise ValidationFailedError(message, errors=(FieldError("params.claimId", "missing", message),))
        file = self.situations.file(caller.client_id, reference)
        if context.patient_uuid is not None and str(file.claim.patient_id) != context.patient_uuid:
            raise NotFoundError("There is no such record")
        return file

    def change(
        self, caller: Caller, context: ContextDocument, params: ClaimParams, step: Step, change: str
    ) -> QuickActionResult:
        """Make a step, as `change`. Raises what `step` raises: then nothing has changed.

        What a step rests on (coverages, authorizations, other claims) is read and decided on before the claim is
        locked, because whoever holds a lock waits for no second connection. A claim that somebody else has changed in
        between is decided on anew. A repetition brings the context up to date once more: the first try may have ended
        before that.
        """
        try:
            self._db.postgres.eligibility.recall(caller.client_id, caller.idempotency)
            for _ in range(ATTEMPTS):
                done = self._attempt(caller, context, params, step, change)
                if done is not None:
                    break
            else:
                raise ConflictError("Others change this claim at the same time: read it again")
        except Replayed:
            self._bring_up_to_date(caller, context)
            raise
        result, event = done
        # The change is committed: a context that cannot be reached now learns of it by the outbox of record changes.
        with self._access_log.handing_on(event), suppress(StoreUnavailableError):
            self._bring_up_to_date(caller, context)
        return result

    def _attempt(
        self, caller: Caller, context: ContextDocument, params: ClaimParams, step: Step, change: str
    ) -> tuple[QuickActionResult, AuditEvent] | None:
        """Decide and store; None when the claim has changed since it was decided on."""
        file = self.find(caller, context, params)
        before = file.claim
        _check_version(caller, file, params.version)
        situation = self.situations.situation(caller.client_id, file, self.today(caller))
        stepped = step(file, situation)
        after = stepped.claim
        event = caller.changed(
            "claim",
            resource_id=after.id,
            patient_ref=str(after.patient_id),
            mode=MODE,
            metadata={"change": change, "from": before.status, "to": after.status, "version": after.version},
        )
        appeals = _appeals(file, stepped.appeal)
        result = self.result(caller, replace(situation, file=replace(file, claim=after, appeals=appeals)), stepped.told)
        body = result.model_dump_json(by_alias=True)
        kept = KeptAnswer(caller.idempotency, OK, body) if caller.idempotency else None

        def decide(locked: ClaimFile) -> ClaimChange:
            if locked.claim.version != before.version:
                raise _OvertakenError
            return ClaimChange(after, event, kept, stepped.events, stepped.appeal, stepped.made)

        try:
            self._db.postgres.claims.change(
                caller.client_id, str(before.id), decide, changed_by=caller.user_id, key=caller.idempotency
            )
        except _OvertakenError:
            return None
        return result, event

    def _bring_up_to_date(self, caller: Caller, context: ContextDocument) -> None:
        def make() -> Snapshot:
            now = self.local_time(caller)
            record, patient = context.record_uuid, context.patient_uuid
            return self.situations.snapshot(caller.client_id, context.record_type, record, patient, now)

        refresh(self._db.firestore.contexts, caller.client_id, context.id, make, now=self._now)

    def result(
        self, caller: Caller, situation: ClaimSituation, told: dict[str, Any] | None = None
    ) -> QuickActionResult:
        """The answer: the claim as it is now, what was found, and what is next for the caller's role."""
        offers = tuple(
            one
            for one in guidance(situation, caller.role)
            if one.disabled_reason is None and allows_action(caller.role, one.action)
        )
        return QuickActionResult(
            success=True, data={"claim": shown(caller, situation), **(told or {})}, guidance_actions=offers
        )

    def event(  # the members of a history's entry
        self,
        before: BilledClaim,
        after: BilledClaim,
        kind: str,
        *,
        reason: str | None = None,
        amount: Decimal | None = None,
        adjustments: tuple[Adjustment, ...] = (),
        **details: Any,
    ) -> NewClaimEvent:
        """Make an entry of a claim's history; details that are None are left out."""
        return NewClaimEvent(
            id=uuid7(),
            kind=kind,
            from_status=before.status,
            to_status=after.status,
            occurred_at=self._now().astimezone(UTC),
            reason=reason,
            amount=amount,
            adjustments=adjustments,
            details={name: value for name, value in details.items() if value is not None},
        )

    def through(
        self, claim: BilledClaim, moves: tuple[ClaimMove, ...], *, reason: str | None = None, **details: Any
    ) -> tuple[BilledClaim, tuple[NewClaimEvent, ...]]:
        """Take several moves one after the other, each with its entry; the reason and details are the last one's."""
        events: list[NewClaimEvent] = []
        for number, move in enumerate(moves, start=1):
            last = number == len(moves)
            after = moved(claim, move, reason=reason if last or move in {"hold", "reject", "deny"} else None)
            events.append(self.event(claim, after, move, reason=reason if last else None, **(details if last else {})))
            claim = after
        return claim, tuple(events)


def shown(caller: Caller, situation: ClaimSituation) -> dict[str, Any]:
    """A claim as answers of quick actions show it; what the caller's role must not see is left out."""
    claim, due = situation.claim, next_deadline(situation.claim)
    payer = situation.file.payer
    view: dict[str, Any] = {
        "id": str(claim.id),
        "claimNumber": claim.claim_number,
        "patientId": str(claim.patient_id),
        "status": claim.status,
        "statusReason": claim.status_reason,
        "holdReason": claim.hold_reason,
        "amount": float(claim.amount),
        "amountCents": int(claim.amount * 100),
        "paidAmountCents": None if claim.paid_amount is None else int(claim.paid_amount * 100),
        "balanceCents": int(balance(claim) * 100),
        "writtenOffCents": None if claim.written_off_amount is None else int(claim.written_off_amount * 100),
        "currency": claim.currency,
        "serviceDate": None if claim.service_date is None else str(claim.service_date),
        "payerId": None if claim.payer_id is None else str(claim.payer_id),
        "payer": None if payer is None else payer.name,
        "denialCode": claim.denial_code,
        "authorizationId": None if claim.authorization_id is None else str(claim.authorization_id),
        "secondaryOfId": None if claim.secondary_of_id is None else str(claim.secondary_of_id),
        "deadline": None if due is None else {"on": str(due[0]), "kind": due[1]},
        "queues": list(queues(claim, situation.today)),
        "version": claim.version,
    }
    hidden = {"denialCode", "statusReason"} if "denialReason" in hidden_fields(caller.role, "claim") else set()
    return {name: value for name, value in view.items() if name not in hidden}


def next_version(claim: BilledClaim, **changes: Any) -> BilledClaim:
    """The claim with changes that move nothing, as its next version."""
    return replace(claim, version=claim.version + 1, **changes)


def _appeals(file: ClaimFile, appeal: Appeal | None) -> tuple[Appeal, ...]:
    if appeal is None:
        return file.appeals
    return (*(one for one in file.appeals if one.level != appeal.level), appeal)


def _check_version(caller: Caller, file: ClaimFile, version: int | None) -> None:
    expected = caller.if_match if caller.if_match is not None else version
    claim = file.claim
    if expected is not None and expected != claim.version:
        current = {"id": str(claim.id), "status": claim.status, "version": claim.version}
        raise PreconditionFailedError("The claim has changed since you read it", current=current)


def no_step(claim: BilledClaim, step: str) -> InvalidTransitionError:
    """Build the error of a step that a claim does not take in its state; it names the moves there are."""
    words = f"A claim that is {claim.status} does not take the step {step}"
    return InvalidTransitionError(words, allowed=allowed_moves(claim.status), current=claim.status)


def refused(param: str, code: str, message: str) -> ValidationFailedError:
    """Build the error of one param of a quick action."""
    return ValidationFailedError(f"params.{param}: {message}", errors=(FieldError(f"params.{param}", code, message),))
