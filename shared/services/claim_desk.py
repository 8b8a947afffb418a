"""Quick actions on claims: which claim is meant, what its step rests on, the step itself, and what the answer tells."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from shared.auth.permissions import allows_action
from shared.db.selector import DatabaseSelector
from shared.domain.claim.guidance import guidance
from shared.domain.claim.situation import ClaimSituation
from shared.domain.claim.states import UNFILED, ClaimMove, allowed_moves, moved
from shared.domain.claim.wording import claim_status
from shared.domain.claim.write_off_request import ASKED, REFUSED, WriteOffRequest
from shared.errors import (
    ConflictError,
    FieldError,
    InvalidTransitionError,
    NotFoundError,
    StoreUnavailableError,
    ValidationFailedError,
)
from shared.models.api.claim_actions import ClaimParams
from shared.models.api.claims import ClaimDetail
from shared.models.api.modes import QuickActionResult
from shared.models.caller import Caller
from shared.models.claim import BilledClaim, ClaimFile, NewClaimEvent
from shared.models.firestore.documents import ContextDocument
from shared.models.identifiers import uuid7
from shared.models.replay import Replayed
from shared.models.snapshot import Snapshot
from shared.services.access_log import AccessLog
from shared.services.claim_changes import ClaimChanges, Stepped
from shared.services.claim_situations import ClaimSituations
from shared.services.claim_views import claim_detail
from shared.services.clock import Clock
from shared.services.snapshots import refresh

ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Told(Stepped):
    """A decided step, and what the answer says beside the claim.

    `file` has the payer and the provider that the claim has then, where they are others.
    """

    told: dict[str, Any] | None = None
    file: ClaimFile | None = None


Step: TypeAlias = Callable[[ClaimFile, ClaimSituation], Told]


class _OvertakenError(Exception):
    """The claim has changed since it was decided on."""


class ClaimDesk:
    """Carries out steps on the claim that a context, or a param, names."""

    def __init__(self, db: DatabaseSelector, access_log: AccessLog, *, now: Clock) -> None:
        self._db = db
        self._now = now
        self._changes = ClaimChanges(lambda: db.postgres, access_log, now=now)
        self.situations = ClaimSituations(db)

    def today(self, caller: Caller) -> date:
        """The day at the organisation."""
        return caller.today(self._now())

    def now(self) -> datetime:
        """The time, in UTC."""
        return self._now().astimezone(UTC)

    def find(self, caller: Caller, context: ContextDocument, params: ClaimParams) -> ClaimFile:
        """Return the claim that is meant. Raises NotFoundError, also for a claim of another patient than the context's.

        Raises ValidationFailedError where neither the params nor the context name one.
        """
        reference = params.claim_id or (context.record_uuid if context.record_type == "claim" else None)
        if reference is None:
            raise refused("claimId", "missing", "Name a claim: the context is about none")
        file = self.situations.file(caller.client_id, reference)
        if context.patient_uuid is not None and str(file.claim.patient_id) != context.patient_uuid:
            raise NotFoundError("There is no such record")
        return file

    def has_claim(self, caller: Caller, number: str) -> bool:
        """Tell whether a claim of this number is there."""
        return self._db.postgres.records.resolve(caller.client_id, "claim", number) is not None

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
                with suppress(_OvertakenError):
                    result = self._attempt(caller, context, params, step, change)
                    break
            else:
                raise ConflictError("Others change this claim at the same time: read it again")
        except Replayed:
            self._bring_up_to_date(caller, context)
            raise
        with suppress(StoreUnavailableError):  # then the context learns of it by the outbox of record changes
            self._bring_up_to_date(caller, context)
        return result

    def result(
        self, caller: Caller, situation: ClaimSituation, view: ClaimDetail, told: dict[str, Any] | None = None
    ) -> QuickActionResult:
        """The answer: the claim as it is now, what stands in its way, what was found, and what the role does next."""
        offers = tuple(
            one
            for one in guidance(situation, caller.role)
            if one.disabled_reason is None and allows_action(caller.role, one.action)
        )
        shown = view.model_dump(mode="json", by_alias=True)
        return QuickActionResult(
            success=True,
            data={"status": claim_status(situation), "claim": shown, **(told or {})},
            guidance_actions=offers,
        )

    def shown(self, caller: Caller, file: ClaimFile, told: dict[str, Any]) -> QuickActionResult:
        """The answer about a claim that nothing was done to."""
        today = self.today(caller)
        situation = self.situations.situation(caller.client_id, file, today)
        return self.result(caller, situation, claim_detail(file, today), told)

    def event(
        self,
        before: BilledClaim,
        after: BilledClaim,
        kind: str,
        *,
        reason: str | None = None,
        amount: Decimal | None = None,
        **details: Any,
    ) -> NewClaimEvent:
        """Make an entry of a claim's history; details that are None are left out."""
        kept = {name: value for name, value in details.items() if value is not None}
        return NewClaimEvent(
            uuid7(), kind, before.status, after.status, self.now(), reason=reason, amount=amount, details=kept
        )

    def through(
        self, claim: BilledClaim, moves: tuple[ClaimMove, ...], *, reason: str | None = None, **details: Any
    ) -> tuple[BilledClaim, tuple[NewClaimEvent, ...]]:
        """Take several moves one after the other, each with its entry; the reason and details are the last one's."""
        events: list[NewClaimEvent] = []
        for number, move in enumerate(moves, start=1):
            last = number == len(moves)
            after = moved(claim, move, reason=reason if last else None)
            events.append(self.event(claim, after, move, reason=reason if last else None, **(details if last else {})))
            claim = after
        return claim, tuple(events)

    def _attempt(
        self, caller: Caller, context: ContextDocument, params: ClaimParams, step: Step, change: str
    ) -> QuickActionResult:
        """Decide, then store. Raises _OvertakenError when the claim has changed since it was decided on."""
        file = self.find(caller, context, params)
        expected = caller.if_match if caller.if_match is not None else params.version
        situation = self.situations.situation(caller.client_id, file, self.today(caller))
        stale = expected is not None and expected != file.claim.version
        stepped = Told(file.claim) if stale else step(file, situation)  # a stale version is refused with the claim
        then = situation if stale else self._afterwards(caller, situation, stepped)

        def take(locked: ClaimFile) -> Stepped:
            if locked.claim.version != file.claim.version:
                raise _OvertakenError
            return stepped

        def answer(_: BilledClaim, view: ClaimDetail) -> str:
            return self.result(caller, then, view, stepped.told).model_dump_json(by_alias=True)

        done = self._changes.change(caller, str(file.claim.id), take, change, version=params.version, answer=answer)
        return QuickActionResult.model_validate_json(done.body)

    def _afterwards(self, caller: Caller, situation: ClaimSituation, stepped: Told) -> ClaimSituation:
        """What is known of the claim when the step is made; one that is not with the payer is scrubbed anew."""
        asked = situation.asked
        for one in stepped.events:
            if one.kind == ASKED and one.amount is not None:
                asked = WriteOffRequest(one.id, one.amount, one.reason or "", caller.user_id)
            elif one.kind == REFUSED or one.from_status != one.to_status:
                asked = None
        after = stepped.claim
        file = replace(stepped.file or situation.file, claim=after, appeals=_appeals(situation.file, stepped))
        if after.status not in UNFILED | {"corrected"}:
            return replace(situation, file=file, scrubbed=None, asked=asked)
        return replace(self.situations.situation(caller.client_id, file, situation.today), asked=asked)

    def _bring_up_to_date(self, caller: Caller, context: ContextDocument) -> None:
        def make() -> Snapshot:
            local = self._now().astimezone(ZoneInfo(caller.time_zone))
            record, patient = context.record_uuid, context.patient_uuid
            return self.situations.snapshot(caller.client_id, context.record_type, record, patient, local)

        refresh(self._db.firestore.contexts, caller.client_id, context.id, make, now=self._now)


def next_version(claim: BilledClaim, **changes: Any) -> BilledClaim:
    """The claim with changes that move nothing, as its next version."""
    return replace(claim, version=claim.version + 1, **changes)


def no_step(claim: BilledClaim, step: str) -> InvalidTransitionError:
    """Build the error of a step that a claim does not take in its state; it names the moves there are."""
    words = f"A claim that is {claim.status} does not take the step {step}"
    return InvalidTransitionError(words, allowed=allowed_moves(claim.status), current=claim.status)


def refused(param: str, code: str, message: str) -> ValidationFailedError:
    """Build the error of one param of a quick action."""
    return ValidationFailedError(f"params.{param}: {message}", errors=(FieldError(f"params.{param}", code, message),))


def _appeals(file: ClaimFile, stepped: Told) -> tuple[Any, ...]:
    appeal = stepped.appeal
    if appeal is None:
        return file.appeals
    return (*(one for one in file.appeals if one.id != appeal.id), appeal)
