"""An X12 278 response (005010X217) as a payer's decision."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from shared.domain.authorization.answers import LARGEST_QUANTITY, STATE_BY_REVIEW_CODE
from shared.models.authorization import DecisionLine, DecisionReason, PayerDecision, ReviewCode
from shared.models.authorization_answer import AuthorizationAnswer, ReviewedItem

_BY_CODE: dict[str, ReviewCode] = {code: code for code in STATE_BY_REVIEW_CODE}
# DTP01: when a certification was issued, takes effect, ends; when the service or the whole event is.
_ISSUED, _EFFECTIVE, _EXPIRES = "102", "007", "036"
_RENDERED = ("472", "AAH")
_COUNTED = frozenset({"VS", "UN", "DY", None})  # visits, units, days


def decision_of(answer: AuthorizationAnswer) -> PayerDecision:
    """Return the 278's answer as a decision; codes that are none of HCR01 are told in `unread`."""
    unread = list(answer.unread)
    event = answer.event
    items = [*([] if event is None else [event]), *answer.services]
    start, end = (None, None) if event is None else _certified(event)
    outcome = None if event is None else event.decision
    return PayerDecision(
        source="x12_278",
        review_code=None if event is None else _code(event, unread),
        decided_on=_first(items, _ISSUED),
        certification_number=None if outcome is None else outcome.number,
        period_start=start,
        period_end=end,
        units=None if event is None else _units(event, unread),
        reasons=() if outcome is None else tuple(DecisionReason(code) for code in outcome.reasons),
        rejections=tuple(DecisionReason(one.code, one.text) for one in answer.rejections),
        lines=tuple(_line(service, number, unread) for number, service in enumerate(answer.services, start=1)),
        notes=tuple(dict.fromkeys(message for item in items for message in item.messages)),
        trace_numbers=tuple(dict.fromkeys(trace for item in items for trace in item.trace_numbers)),
        unread=tuple(unread),
    )


def _line(service: ReviewedItem, number: int, unread: list[str]) -> DecisionLine:
    start, end = _certified(service)
    outcome = service.decision
    return DecisionLine(
        number=number,
        review_code=_code(service, unread),
        procedure=_procedure(service),
        units=_units(service, unread),
        period_start=start,
        period_end=end,
        certification_number=None if outcome is None else outcome.number,
        reasons=() if outcome is None else tuple(DecisionReason(code) for code in outcome.reasons),
    )


def _procedure(service: ReviewedItem) -> str | None:
    """The code of a composite such as `HC:99213:25`."""
    qualifier, _, rest = (service.procedure or "").partition(":")
    return (rest.partition(":")[0] or qualifier) or None


def _code(item: ReviewedItem, unread: list[str]) -> ReviewCode | None:
    if item.decision is None:
        return None
    code = _BY_CODE.get(item.decision.action)
    if code is None:
        unread.append(f"{item.source}: unknown review action")
    return code


def _certified(item: ReviewedItem) -> tuple[date | None, date | None]:
    """From when to when: the certification's own dates, else the period of the service."""
    start = end = None
    for period in item.periods:
        if period.qualifier == _EFFECTIVE:
            start, end = period.start, period.end if period.end != period.start else end
    end = _first([item], _EXPIRES) or end
    if start is None and end is None:
        service = next((period for period in item.periods if period.qualifier in _RENDERED), None)
        return (None, None) if service is None else (service.start, service.end)
    return start, end


def _first(items: Iterable[ReviewedItem], qualifier: str) -> date | None:
    return next((one.start for item in items for one in item.periods if one.qualifier == qualifier), None)


def _units(item: ReviewedItem, unread: list[str]) -> int | None:
    """How many are certified: HSD's plain quantity, else that of the service line."""
    for delivery in item.deliveries:
        plain = delivery.period is None and delivery.count is None and delivery.qualifier in _COUNTED
        if delivery.quantity is not None and plain:
            return _whole(delivery.quantity, item, unread)
        unread.append(f"{item.source}: a pattern of delivery")
    return None if item.quantity is None else _whole(item.quantity, item, unread)


def _whole(quantity: Decimal, item: ReviewedItem, unread: list[str]) -> int | None:
    if quantity == quantity.to_integral_value() and 0 <= quantity <= LARGEST_QUANTITY:
        return int(quantity)
    unread.append(f"{item.source}: not a whole number of units")
    return None
