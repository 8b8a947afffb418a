"""One benefit of a 271: an EB and what follows it (loops 2110 and 2120)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal, cast

from shared.models.payer_answer import AnswerPeriod, BenefitLine, Reference, ServiceDelivery
from shared.x12.parties import Party
from shared.x12.segments import Segment
from shared.x12.values import Notes, delivery, number_at, period, reference

_SERVICE_TYPE = re.compile(r"[A-Z0-9]{1,3}", re.ASCII)
_AUTHORIZATION, _NETWORK = 11, 12


@dataclass(slots=True)
class BenefitReading:
    """A benefit line while its segments are read."""

    line: BenefitLine
    _periods: list[AnswerPeriod] = field(default_factory=list)
    _messages: list[str] = field(default_factory=list)
    _places: list[str] = field(default_factory=list)
    _deliveries: list[ServiceDelivery] = field(default_factory=list)
    _references: list[Reference] = field(default_factory=list)
    _parties: list[Party] = field(default_factory=list)

    def take(self, segment: Segment, notes: Notes) -> None:
        """Read one more segment of this benefit, or note it."""
        if segment.id == "DTP":
            read = period(segment, notes)
            self._periods += [read] if read else []
        elif segment.id == "MSG":
            self._messages.append(segment[1])
        elif segment.id == "III":
            self._limit(segment, notes)
        elif segment.id == "HSD":
            self._deliveries.append(delivery(segment, notes))
        elif segment.id == "REF":
            self._references.append(reference(segment))
        elif segment.id == "NM1":
            self._parties.append(Party(segment))
        elif segment.id not in {"LS", "LE"} and not (self._parties and self._parties[-1].take(segment, notes)):
            notes.add(segment, f"not read, in {self.line.source}")

    def _limit(self, segment: Segment, notes: Notes) -> None:
        if segment[1] == "ZZ" and segment[2]:
            self._places.append(segment[2])
        elif segment[4] and not segment[2]:
            self._messages.append(segment[4])
        else:
            notes.add(segment, f"a limit was not read, in {self.line.source}")

    def done(self) -> BenefitLine:
        """The line with all that belongs to it."""
        line = self.line
        if line.quantity is None and len(self._deliveries) == 1:
            only = self._deliveries[0]
            line = replace(
                line, quantity_qualifier=only.qualifier, quantity=only.quantity, period=line.period or only.period
            )
        return replace(
            line,
            periods=tuple(self._periods),
            messages=tuple(self._messages),
            places=tuple(self._places),
            deliveries=tuple(self._deliveries),
            references=tuple(self._references),
            entities=tuple(party.entity() for party in self._parties),
        )


def benefit_line(segment: Segment, number: int, notes: Notes) -> BenefitLine:
    """The EB itself, the `number`-th of its person."""
    service_types = segment.repetitions(3)
    if not all(_SERVICE_TYPE.fullmatch(one) for one in service_types):
        notes.add(segment, "EB03 holds something else than service type codes")
    return BenefitLine(
        code=segment[1],
        source=f"271:EB[{number}]",
        service_types=service_types,
        level=segment[2] or None,
        insurance_type=segment[4] or None,
        plan=segment[5] or None,
        period=segment[6] or None,
        amount=number_at(segment, 7, notes),
        percent=_percent(segment, notes),
        quantity_qualifier=segment[9] or None,
        quantity=number_at(segment, 10, notes),
        requires_auth=cast("Literal['Y', 'N', 'U'] | None", _one_of("YNU", segment, _AUTHORIZATION, notes)),
        network=cast("Literal['Y', 'N', 'W', 'U'] | None", _one_of("YNWU", segment, _NETWORK, notes)),
        procedure=":".join(segment.components(13)) or None,
    )


def _percent(segment: Segment, notes: Notes) -> Decimal | None:
    """EB08 is a fraction; a payer that writes 20 for 20 % is understood, and noted."""
    value = number_at(segment, 8, notes)
    if value is None:
        return None
    if value > 1:
        notes.add(segment, "EB08 is no fraction and was taken as a percentage")
        return value
    return (value * 100).normalize() if value else value


def _one_of(codes: str, segment: Segment, position: int, notes: Notes) -> str | None:
    value = segment[position]
    if value and value not in codes:
        notes.add(segment, f"EB{position} is an unknown code")
        return None
    return value or None
