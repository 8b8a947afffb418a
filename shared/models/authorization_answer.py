"""What a payer answered to a request for authorization: an X12 278 response (005010X217), about one person."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from shared.models.payer_answer import (
    AnsweredPerson,
    AnswerPeriod,
    Reference,
    Rejection,
    RelatedEntity,
    ServiceDelivery,
)


@dataclass(frozen=True, slots=True)
class ReviewDecision:
    """One HCR: `action` is HCR01 as it stands (A1, A2, A3, A4, A6, C, CT, NA), `number` the certification number.

    `reasons` are HCR03 (codes of the health care services decision reasons).
    """

    action: str
    number: str | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewedItem:
    """The patient event (`level` event) or one service of it: what was asked for and what was decided.

    `source` is `278:HL[n]`. `procedure` is a composite (`HC:99213`), `diagnoses` are too (`ABK:E119`). `quantity` and
    `unit` are those of the service line; how often and how long stands in `deliveries`.
    """

    source: str
    category: str | None = None
    certification_type: str | None = None
    service_type: str | None = None
    decision: ReviewDecision | None = None
    procedure: str | None = None
    amount: Decimal | None = None
    unit: str | None = None
    quantity: Decimal | None = None
    diagnoses: tuple[str, ...] = ()
    deliveries: tuple[ServiceDelivery, ...] = ()
    periods: tuple[AnswerPeriod, ...] = ()
    references: tuple[Reference, ...] = ()
    entities: tuple[RelatedEntity, ...] = ()
    trace_numbers: tuple[str, ...] = ()
    payer_trace_numbers: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AuthorizationAnswer:
    """A 278 response about one patient event. `rejections` say why the payer did not decide, at whichever level.

    `unread` lists what was in it and was not understood. Like messages, it can name a person.
    """

    payer_name: str | None
    payer_id: str | None
    person: AnsweredPerson | None
    subscriber: AnsweredPerson | None = None
    event: ReviewedItem | None = None
    services: tuple[ReviewedItem, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    payer_contacts: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
