"""Claims one at a time: reading, history, and the steps and notes that people record."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from shared.domain.claim.moving import MoveDetails, note, step
from shared.domain.claim.standing import balance
from shared.domain.claim.states import ClaimMove
from shared.domain.claim.write_off import may_write_off
from shared.errors import FieldError, ForbiddenError, NotFoundError, ValidationFailedError
from shared.models.api.claims import (
    AdjustmentInput,
    ClaimDetail,
    ClaimEventRequest,
    ClaimEvents,
    EventsQuery,
)
from shared.models.caller import Caller
from shared.models.claim import Adjustment, BilledClaim, ClaimFile
from shared.models.cursor import decode_cursor, encode_cursor, refused_cursor
from shared.repositories.protocols import RecordStore
from shared.services.access_log import AccessLog
from shared.services.claim_changes import MODE, ClaimChanges, Done, Stepped
from shared.services.claim_views import claim_detail, event_view
from shared.services.clock import Clock

_LONGEST_NUMBER = 9


class ClaimService:
    """What people do with a claim by hand; see ClaimChanges for how it is carried out."""

    def __init__(self, store: Callable[[], RecordStore], access_log: AccessLog, *, now: Clock) -> None:
        self._store = store
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
        belong to the step, PreconditionFailedError for a stale version, ForbiddenError for a role's limits.
        """
        if body.kind == "note":
            return self._note(caller, reference, body)
        move: ClaimMove = body.kind

        def take(file: ClaimFile) -> Stepped:
            if move == "write_off" and not may_write_off(caller.role, _given_up(file.claim)):
                raise ForbiddenError("This is more than your role writes off: ask for it by the action write_off")
            now = self._now()
            after, event = step(file.claim, move, details_of(body), at=now, today=caller.today(now), by=caller.user_id)
            return Stepped(after, (event,))

        return self.changes.change(caller, reference, take, move, version=body.version)

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


def _given_up(claim: BilledClaim) -> Decimal:
    """What a write-off gives up of a claim, and what was given up of it before."""
    return balance(claim) + (claim.written_off_amount or Decimal(0))


def _number(text: str) -> int:
    if text.isdecimal() and text.isascii() and len(text) <= _LONGEST_NUMBER:
        return int(text)
    raise refused_cursor()
