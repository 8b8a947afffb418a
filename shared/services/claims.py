"""Claims one at a time: reading, history, and the steps and notes that people record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from shared.domain.claim.appeals import ended, filed
from shared.domain.claim.clocks import decided_anew
from shared.domain.claim.moving import MoveDetails, note, step
from shared.domain.claim.scrub import scrub
from shared.domain.claim.states import GUARDED, TRANSITIONS, ClaimMove
from shared.domain.claim.write_off import given_up, may_write_off, needs_approval
from shared.errors import (
    ConflictError,
    FieldError,
    ForbiddenError,
    InvalidTransitionError,
    NotFoundError,
    ValidationFailedError,
)
from shared.models.api.claims import (
    AdjustmentInput,
    ClaimDetail,
    ClaimEventRequest,
    ClaimEvents,
    EventsQuery,
)
from shared.models.caller import Caller
from shared.models.claim import Adjustment, Appeal, AppealStatus, BilledClaim, ClaimFile
from shared.models.cursor import decode_cursor, encode_cursor, refused_cursor
from shared.repositories.protocols import RecordStore
from shared.services.access_log import AccessLog
from shared.services.claim_actions import check_passed
from shared.services.claim_changes import MODE, ClaimChanges, Done, Stepped
from shared.services.claim_situations import ClaimSituations
from shared.services.claim_views import claim_detail, event_view
from shared.services.clock import Clock

_LONGEST_NUMBER = 9
_STARTS_CLOCKS: frozenset[ClaimMove] = frozenset({"deny", "underpay", "pay_partially"})
_ENDS_APPEAL: Mapping[ClaimMove, AppealStatus] = {
    "pay": "won",
    "pay_partially": "partially_won",
    "uphold_denial": "lost",
}


class ClaimService:
    """What people do with a claim by hand; see ClaimChanges for how it is carried out."""

    def __init__(
        self, store: Callable[[], RecordStore], access_log: AccessLog, situations: ClaimSituations, *, now: Clock
    ) -> None:
        self._store = store
        self._situations = situations
        self._access_log = access_log
        self._now = now
        self.changes = ClaimChanges(store, access_log, now=now)

    def get(self, caller: Caller, reference: str) -> ClaimDetail:
        """Return a claim by uuid or number. Raises NotFoundError for an unknown or foreign one."""
        event = caller.seen("claim", mode=MODE, same=reference)
        with self._access_log.in_transaction(event) as seen:
            found = self._store().claims.get(caller.client_id, reference, seen=seen)
            if found is None:
                raise NotFoundError("There is no such record")
        return claim_detail(found, caller.today(self._now()))

    def events(self, caller: Caller, reference: str, query: EventsQuery) -> ClaimEvents:
        """Return a page of a claim's history, newest first."""
        filters = (caller.client_id, "claim_events", reference)
        before = None if query.cursor is None else _number(decode_cursor(query.cursor, filters, parts=1)[0])
        event = caller.seen("claim", mode=MODE, same=f"events:{reference}")
        with self._access_log.in_transaction(event) as seen:
            found = self._store().claims.events(
                caller.client_id, reference, before=before, limit=query.limit + 1, seen=seen
            )
            if found is None:
                raise NotFoundError("There is no such record")
        identity, events = found
        shown = events[: query.limit]
        more = len(events) > query.limit
        return ClaimEvents(
            claim_id=str(identity),
            events=tuple(event_view(one) for one in shown),
            next_cursor=encode_cursor(filters, str(shown[-1].number)) if more else None,
        )

    def record(self, caller: Caller, reference: str, body: ClaimEventRequest) -> Done:
        """Make a step of the claim, or add a note to its history.

        Raises InvalidTransitionError with the steps there are, ValidationFailedError naming what is missing or does not
        belong to the step, PreconditionFailedError for a stale version, ForbiddenError for a role's limits,
        ConflictError (`scrub_blocked`) for a claim that would not be submitted by the action either.
        """
        if body.kind == "note":
            return self._note(caller, reference, body)
        move: ClaimMove = body.kind
        scrubbed = self._scrubbed(caller, reference, body) if move == "submit" else None

        def take(file: ClaimFile) -> Stepped:
            lost = given_up(file.claim, move)
            if lost > 0 and not may_write_off(caller.role, lost):
                raise ForbiddenError("This is more than your role gives up: ask for it by the action write_off")
            _check_has_its_claim(file.claim, move)
            if move == "submit" and file.claim.status in TRANSITIONS[move].sources and file.claim.version != scrubbed:
                raise ConflictError("Somebody else changes this claim at the same time: read it again")
            now = self._now()
            by = caller.user_id if needs_approval(lost) else None
            after, event = step(file.claim, move, details_of(body), at=now, today=caller.today(now), by=by)
            if move in _STARTS_CLOCKS:
                after = decided_anew(file, after, appeal_by=body.appeal_due_on, correct_by=body.corrected_due_on)
            return Stepped(after, (event,), _appeal(file, move, body.occurred_on or caller.today(now), body.reason))

        return self.changes.change(caller, reference, take, move, version=body.version)

    def _scrubbed(self, caller: Caller, reference: str, body: ClaimEventRequest) -> int | None:
        """Scrub a claim that is about to be submitted, before it is locked; the version that passed.

        None where the step is refused for something else: the claim's state, or a stale version. A repetition is
        answered as it was the first time (Replayed).
        """
        self._store().eligibility.recall(caller.client_id, caller.idempotency)
        file = self._situations.file(caller.client_id, reference)
        claim = file.claim
        expected = caller.if_match if caller.if_match is not None else body.version
        stale = expected is not None and expected != claim.version
        if stale or claim.status not in TRANSITIONS["submit"].sources:
            return None
        if claim.service_date is not None and body.occurred_on is not None and body.occurred_on < claim.service_date:
            message = "lies before the date of service"
            raise ValidationFailedError(message, errors=(FieldError("occurredOn", "before_service", message),))
        # Filing is judged as of today, whatever day is told: for an earlier one there must be proof (submit_claim).
        check_passed(scrub(self._situations.ground(caller.client_id, file, caller.today(self._now()))))
        return claim.version

    def _note(self, caller: Caller, reference: str, body: ClaimEventRequest) -> Done:
        words = body.reason
        if words is None:
            message = "A note needs its words"
            raise ValidationFailedError(message, errors=(FieldError("reason", "missing", message),))
        for member in ClaimEventRequest.model_fields.keys() - {"kind", "reason", "version"}:
            if getattr(body, member):
                name = ClaimEventRequest.model_fields[member].alias or member
                message = "does not belong to a note"
                raise ValidationFailedError(message, errors=(FieldError(name, "not_of_this_step", message),))

        def take(file: ClaimFile) -> Stepped:
            return Stepped(file.claim, (note(file.claim, words, at=self._now()),))

        return self.changes.change(caller, reference, take, "note", version=body.version)


def details_of(body: ClaimEventRequest) -> MoveDetails:
    """What comes with a step, as the rules take it: amounts in the currency's unit."""
    return MoveDetails(
        reason=body.reason,
        on=body.occurred_on,
        paid=in_units(body.paid_cents),
        allowed=in_units(body.allowed_cents),
        expected=in_units(body.expected_cents),
        patient=in_units(body.patient_cents),
        adjustments=tuple(adjustment_of(one) for one in body.adjustments),
        payer_control_number=body.payer_control_number,
        appeal_due_on=body.appeal_due_on,
        corrected_due_on=body.corrected_due_on,
        filing_due_on=body.filing_due_on,
    )


def adjustment_of(given: AdjustmentInput) -> Adjustment:
    """An adjustment as the rules take it."""
    return Adjustment(given.group_code, given.carc, Decimal(given.amount_cents) / 100, given.remarks, given.line)


def in_units(cents: int | None) -> Decimal | None:
    """Cents as an amount, exact."""
    return None if cents is None else Decimal(cents) / 100


def _check_has_its_claim(claim: BilledClaim, move: ClaimMove) -> None:
    """Refuse to forward a claim here, where no secondary claim is made: the rest would be nobody's."""
    if move == "forward_secondary" and claim.status in TRANSITIONS[move].sources:
        words = "The rest is billed by an action, which makes the secondary claim"
        raise InvalidTransitionError(words, allowed=[GUARDED[move]], current=claim.status)


def _appeal(file: ClaimFile, move: ClaimMove, on: date, ground: str | None) -> Appeal | None:
    """The appeal that a step begins or ends. Raises ConflictError for one that is too late, or has no level left."""
    if move in _ENDS_APPEAL:
        return ended(file, _ENDS_APPEAL[move], on)
    if move != "appeal":
        return None
    decided = file.claim.adjudicated_on
    if decided is not None and on < decided:
        message = f"lies before {decided}"
        raise ValidationFailedError(message, errors=(FieldError("occurredOn", "before_decision", message),))
    return filed(file, on, ground)


def _number(text: str) -> int:
    if text.isdecimal() and text.isascii() and len(text) <= _LONGEST_NUMBER:
        return int(text)
    raise refused_cursor()
