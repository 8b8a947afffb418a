"""What a payer answered about one coverage, whoever carried the answer: the file of the organisation or an X12 271.

The members follow the 271 (005010X279A1): `code` is EB01, and so on. An answer on file has the same shape, so that one
verdict code reads both. Amounts are in USD, percentages from 0 to 100.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

AnswerLevel = Literal["information_source", "information_receiver", "subscriber", "dependent", "transaction"]


@dataclass(frozen=True, slots=True)
class AnswerPeriod:
    """A date or period of an answer: `qualifier` is DTP01 (291 plan, 346 plan begin, 292 benefit …). Ends inclusive."""

    qualifier: str
    start: date | None
    end: date | None


@dataclass(frozen=True, slots=True)
class AnsweredPerson:
    """The subscriber or dependent as the payer knows them."""

    last_name: str | None
    first_name: str | None
    date_of_birth: date | None
    member_id: str | None
    gender: str | None = None


@dataclass(frozen=True, slots=True)
class RelatedEntity:
    """Somebody whom a benefit names (loop 2120): another payer, a managed-care plan, a primary care provider.

    `role` is NM101, `id_qualifier` and `id` are NM108 and NM109; `contacts` are telephone numbers and addresses.
    """

    role: str
    name: str
    id_qualifier: str | None = None
    id: str | None = None
    contacts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BenefitLine:
    """One EB of a 271, or one benefit on file. No `service_types` means the plan as a whole.

    `period` is EB06 (29 remaining, 23 calendar year, 27 visit …), `network` EB12 (Y in, N out, W not applicable,
    U unknown), `requires_auth` EB11 (Y, N, U or None when absent). `source` names where it stands: `benefits/<uuid>`,
    `coverages/<uuid>` or `271:EB[n]`.
    """

    code: str
    source: str
    service_types: tuple[str, ...] = ()
    level: str | None = None
    insurance_type: str | None = None
    plan: str | None = None
    period: str | None = None
    amount: Decimal | None = None
    percent: Decimal | None = None
    quantity_qualifier: str | None = None
    quantity: Decimal | None = None
    requires_auth: Literal["Y", "N", "U"] | None = None
    network: Literal["Y", "N", "W", "U"] | None = None
    procedure: str | None = None
    periods: tuple[AnswerPeriod, ...] = ()
    messages: tuple[str, ...] = ()
    entities: tuple[RelatedEntity, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejection:
    """One AAA: why the payer did not answer. `code` is AAA03, `follow_up` AAA04; `text` is the payer's own words."""

    code: str
    level: AnswerLevel
    follow_up: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class PayerAnswer:
    """An answer about one person. `unread` lists what was in it and was not understood: nothing is lost silently."""

    payer_name: str | None
    payer_id: str | None
    person: AnsweredPerson | None
    subscriber: AnsweredPerson | None = None
    periods: tuple[AnswerPeriod, ...] = ()
    benefits: tuple[BenefitLine, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    trace_numbers: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


FailureKind = Literal["retryable", "needs_correction", "payer_setup", "unsupported", "date_window"]


@dataclass(frozen=True, slots=True)
class CheckFailure:
    """Why there is no answer about a coverage. A failure says nothing about the coverage itself.

    `reason` is `rejected` (the payer's AAA, `codes` in the order given), or what happened on the way: `timeout`,
    `unreachable`, `unreadable`, `not_supported`, `not_enrolled`, `outside_window`. `fields` names the members to
    correct (`coverage.memberId`), `texts` are the payer's own words, `retry_at` is when to ask again by itself.
    """

    kind: FailureKind
    reason: str
    codes: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    retry_at: datetime | None = None
    texts: tuple[str, ...] = ()
