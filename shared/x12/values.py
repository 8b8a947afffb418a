"""Values of elements: dates, periods, numbers, and the notes on what could not be read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from shared.models.payer_answer import AnswerPeriod, Reference, ServiceDelivery
from shared.x12.segments import Segment

_DAY = re.compile(r"[0-9]{8}", re.ASCII)
_NUMBER = re.compile(r"-?(?:[0-9]{1,18}(?:\.[0-9]{0,10})?|\.[0-9]{1,10})", re.ASCII)
# Of a single date that ends something: plan, benefit, eligibility, premium, COBRA, period, completion, policy.
_ENDS = frozenset({"347", "349", "357", "343", "341", "194", "198", "540"})
# Of a moment: death, service, admission, discharge, last update, status.
_MOMENTS = frozenset({"442", "472", "435", "096", "636", "771"})
MAX_NOTES = 500
LONGEST_NOTE = 200


@dataclass(slots=True)
class Notes:
    """What was not understood, with its position and its text; beyond the limit they are only counted."""

    limit: int = MAX_NOTES
    kept: list[str] = field(default_factory=list)
    more: int = 0

    def add(self, segment: Segment, why: str) -> None:
        """Note a segment, or a part of one."""
        if len(self.kept) < self.limit:
            self.kept.append(f"segment {segment.position}: {why}: {str(segment)[:LONGEST_NOTE]}")
        else:
            self.more += 1

    def lines(self) -> tuple[str, ...]:
        """All notes."""
        return (*self.kept, *([f"and {self.more} more segments"] if self.more else []))


def day(text: str) -> date | None:
    """CCYYMMDD as a date; None when it is none."""
    if not _DAY.fullmatch(text):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def number(text: str) -> Decimal | None:
    """An X12 decimal; None when it is none."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def number_at(segment: Segment, position: int, notes: Notes) -> Decimal | None:
    """The decimal of an element; None when it is absent, or noted because it is none."""
    text = segment[position]
    value = number(text)
    if text and value is None:
        notes.add(segment, f"{segment.id}{position:02} is no number")
    return value


def period(segment: Segment, notes: Notes) -> AnswerPeriod | None:
    """A DTP as a period; noted when its format or its dates are none that we know."""
    qualifier, form, text = segment[1], segment[2], segment[3]
    first, separator, second = text.partition("-")
    start = day(first)
    if form == "D8" and start is not None and not separator:
        if qualifier in _ENDS:
            return AnswerPeriod(qualifier, None, start)
        return AnswerPeriod(qualifier, start, start if qualifier in _MOMENTS else None)
    end = day(second)
    if form == "RD8" and start is not None and end is not None:
        return AnswerPeriod(qualifier, start, end)
    notes.add(segment, "the date was not read")
    return None


def reference(segment: Segment) -> Reference:
    """A REF."""
    return Reference(segment[1], segment[2], segment[3] or None)


def delivery(segment: Segment, notes: Notes) -> ServiceDelivery:
    """An HSD."""
    pattern = ", ".join(text for text in (segment[3], segment[4], segment[7], segment[8]) if text)
    return ServiceDelivery(
        qualifier=segment[1] or None,
        quantity=number_at(segment, 2, notes),
        period=segment[5] or None,
        count=number_at(segment, 6, notes),
        pattern=pattern or None,
    )
