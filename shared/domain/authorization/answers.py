"""What a payer's answer means: the code of its review, several services taken together, how much it grants."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from shared.errors import FieldError, ValidationFailedError
from shared.models.authorization import AuthorizationState, DecisionLine, DecisionReason, PayerDecision, ReviewCode

# X12 278 HCR01 (data element 306). Source: the design's authorization states.
STATE_BY_REVIEW_CODE: Mapping[ReviewCode, AuthorizationState] = {
    "A1": "approved",
    "A2": "partially_approved",
    "A3": "denied",
    "A4": "pended",
    "A6": "modified",
    "C": "cancelled",
    "CT": "contact_payer",
    "NA": "not_required",
}
REVIEW_CODE_BY_STATE: Mapping[str, ReviewCode] = {state: code for code, state in STATE_BY_REVIEW_CODE.items()}
_GRANTS: frozenset[ReviewCode] = frozenset({"A1", "A2", "A6"})
_UNDECIDED: frozenset[ReviewCode] = frozenset({"A4", "CT"})
LONGEST_REASON = 2000
LARGEST_QUANTITY = 1_000_000


@dataclass(frozen=True, slots=True)
class Grant:
    """How much an answer grants; what is None was not said."""

    units: int | None
    period_start: date | None
    period_end: date | None
    certification_number: str | None


def state_of(decision: PayerDecision) -> AuthorizationState:
    """The state that an answer means. Raises ValidationFailedError (`no_decision`) when it says nothing.

    The services count more than the whole. While one of them or the whole is undecided, so is the request; a grant of
    some is partial. A request that was not looked at is an error, which is never a denial.
    """
    codes = [line.review_code for line in decision.lines if line.review_code is not None]
    whole = decision.review_code
    if whole is not None and (not codes or whole in _UNDECIDED):
        codes.append(whole)
    if not codes and decision.rejections:
        return "error"
    if not codes:
        message = "The answer does not say what was decided"
        raise ValidationFailedError(message, errors=(FieldError("decision", "no_decision", message),))
    return STATE_BY_REVIEW_CODE[_together(codes)]


def _together(codes: list[ReviewCode]) -> ReviewCode:
    """One code for several services: all alike, else undecided, else what is granted of them."""
    found = set(codes)
    if len(found) == 1:
        return codes[0]
    if found & _UNDECIDED:
        return "A4" if "A4" in found else "CT"
    granted, refused = found & _GRANTS, found - _GRANTS - {"NA"}
    if not refused:
        return "A2" if "A2" in granted else "A6" if "A6" in granted else "A1"
    if granted or "NA" in found:
        return "A2"
    return "A3"


def grant_of(decision: PayerDecision) -> Grant:
    """How much is granted: as the whole answer says, else as its granted services say together."""
    lines = [line for line in decision.lines if line.review_code in _GRANTS]
    return Grant(
        units=decision.units if decision.units is not None else _units(lines),
        period_start=decision.period_start
        or min((line.period_start for line in lines if line.period_start), default=None),
        period_end=decision.period_end or max((line.period_end for line in lines if line.period_end), default=None),
        certification_number=decision.certification_number or _number(lines),
    )


def _units(lines: list[DecisionLine]) -> int | None:
    said = [line.units for line in lines if line.units is not None]
    return sum(said) if lines and len(said) == len(lines) else None


def _number(lines: list[DecisionLine]) -> str | None:
    return next((line.certification_number for line in lines if line.certification_number), None)


def reason_of(decision: PayerDecision) -> str | None:
    """Why, in the payer's codes and words; None when nothing was said."""
    lines = [reason for line in decision.lines for reason in line.reasons]
    given = [_words(reason) for reason in (*decision.rejections, *decision.reasons, *lines)]
    return "; ".join(dict.fromkeys((*given, *decision.notes)))[:LONGEST_REASON] or None


def _words(reason: DecisionReason) -> str:
    return " ".join(filter(None, (reason.code, reason.text)))


def digest_of(decision: PayerDecision) -> str:
    """What makes the same answer the same, whenever it comes again; it begins with who carried it."""
    return f"{decision.source}:{hashlib.sha256(decision_json(decision).encode()).hexdigest()}"


def is_older(decision: PayerDecision, than: PayerDecision | None, zone: ZoneInfo) -> bool:
    """Tell whether the payer gave `decision` before `than`: by the moment where both have one, else by the day."""
    if than is None:
        return False
    if decision.decided_at is not None and than.decided_at is not None:
        return decision.decided_at < than.decided_at
    day, other = _day(decision, zone), _day(than, zone)
    return day is not None and other is not None and day < other


def _day(decision: PayerDecision, zone: ZoneInfo) -> date | None:
    if decision.decided_on is None and decision.decided_at is not None:
        return decision.decided_at.astimezone(zone).date()
    return decision.decided_on


def decided_day(decision: PayerDecision, received_at: datetime, zone: ZoneInfo) -> date:
    """The payer's day of the answer, else the day on which it came."""
    return _day(decision, zone) or received_at.astimezone(zone).date()


def decision_json(decision: PayerDecision) -> str:
    """Write an answer as it is kept."""
    return _decisions().dump_json(decision).decode()


def decision_from(kept: object) -> PayerDecision:
    """Read an answer that was kept, from JSON that is parsed already; members it did not know are left aside."""
    return _decisions().validate_python(kept)


@cache
def _decisions() -> TypeAdapter[PayerDecision]:
    """Made on first use: it takes a while."""
    return TypeAdapter(PayerDecision)
