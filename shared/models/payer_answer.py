"""What a payer answered about one coverage, whoever carried the answer: the file of the organisation or an X12 271.

The members follow the 271 (005010X279A1): `code` is EB01, and so on. An answer on file has the same shape, so that one
verdict code reads both. Amounts are in USD, percentages from 0 to 100.

`unread` entries and `messages` quote what the payer wrote: they can name a person and never go into a log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

AnswerLevel = Literal[
    "information_source", "information_receiver", "subscriber", "dependent", "transaction", "event", "service"
]


@dataclass(frozen=True, slots=True)
class AnswerPeriod:
    """A date or period of an answer: `qualifier` is DTP01 (291 plan, 346 plan begin, 292 benefit …). Ends inclusive.

    A single date is an end where its qualifier names one (347, 349, 357 …), both ends where it names a moment (442
    death, 472 service …), and else a start without an end.
    """

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
    middle_name: str | None = None
    suffix: str | None = None
    relationship: str | None = None
    address: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """One REF: `qualifier` is REF01 (18 plan, 6P group, 1L policy, 9F referral, G1 authorization …)."""

    qualifier: str
    value: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceDelivery:
    """One HSD: `quantity` of `qualifier` (VS visits, DY days, UN units …) in `count` times `period` (EB06's codes).

    `pattern` is what else it says (unit, frequency, pattern), joined by commas.
    """

    qualifier: str | None
    quantity: Decimal | None
    period: str | None = None
    count: Decimal | None = None
    pattern: str | None = None


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
    `coverages/<uuid>` or `271:EB[n]`. `procedure` is EB13 (`HC:99213:25`), `places` are the place-of-service codes that
    the line is limited to (III). When EB says no quantity and one HSD does, quantity and a missing period are its.
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
    places: tuple[str, ...] = ()
    deliveries: tuple[ServiceDelivery, ...] = ()
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejection:
    """One AAA: why the payer did not answer. `code` is AAA03, `follow_up` AAA04; `text` is the payer's own words.

    `benefit` is the `source` of the benefit line that alone it refuses; None when it refuses the inquiry.
    """

    code: str
    level: AnswerLevel
    follow_up: str | None = None
    text: str | None = None
    benefit: str | None = None


@dataclass(frozen=True, slots=True)
class PayerAnswer:
    """An answer about one person. `unread` lists what was in it and was not understood: nothing is lost silently.

    `subscriber` is given when the person is a dependent. `trace_numbers` are ours, echoed (TRN01 2);
    `payer_trace_numbers` the payer's own. `messages` stand outside of a benefit line.
    """

    payer_name: str | None
    payer_id: str | None
    person: AnsweredPerson | None
    subscriber: AnsweredPerson | None = None
    periods: tuple[AnswerPeriod, ...] = ()
    benefits: tuple[BenefitLine, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    trace_numbers: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    payer_contacts: tuple[str, ...] = ()
    payer_trace_numbers: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    messages: tuple[str, ...] = ()


FailureKind = Literal["retryable", "needs_correction", "payer_setup", "unsupported", "date_window"]


@dataclass(frozen=True, slots=True)
class CheckFailure:
    """Why there is no answer about a coverage. A failure says nothing about the coverage itself.

    `reason` is `rejected` (the payer's AAA, `codes` in the order given), or what happened on the way: `timeout`,
    `unreachable`, `unreadable`, `not_supported`, `not_enrolled`, `outside_window`, `not_asked` (no time was left),
    `file_changed` (edited meanwhile), `member_mismatch`, or the payer connection's own code (`http_401`, `ta1_006` …).
    `fields` names the members to correct (`coverage.memberId`), `texts` are the payer's own words, `retry_at` is when
    to ask again by itself. `attempts` is how often the payer was asked in all.
    """

    kind: FailureKind
    reason: str
    codes: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    retry_at: datetime | None = None
    texts: tuple[str, ...] = ()
    attempts: int = 1
