"""What is asked of a payer about one person, and what comes of it: an answer, or a failure of a stated kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from shared.models.payer_answer import PayerAnswer, Rejection

FailureKind = Literal["retryable", "needs_correction", "payer_setup", "unsupported", "date_window"]


@dataclass(frozen=True, slots=True)
class InquiryProvider:
    """Who asks: an organisation, or a person with a first name. `id` is an NPI unless the qualifier says otherwise."""

    name: str
    id: str
    first_name: str | None = None
    id_qualifier: str = "XX"


@dataclass(frozen=True, slots=True)
class InquiredPerson:
    """The subscriber or dependent as they are on file. `gender` is M, F or None; `relationship` INS02 (01, 19, 34)."""

    last_name: str | None
    first_name: str | None
    date_of_birth: date | None
    member_id: str | None = None
    gender: str | None = None
    relationship: str | None = None


@dataclass(frozen=True, slots=True)
class EligibilityInquiry:
    """One 270. `payer_id` None means that the payer cannot be asked electronically.

    `asked_on` is today in the client's time zone. `control_number` (1 to 999,999,999) is new for each attempt,
    `trace_number` (at most 50 characters) is what the answer must repeat. `procedure` (`HC:99213`) is asked instead of
    service types.
    """

    payer_name: str
    payer_id: str | None
    provider: InquiryProvider
    subscriber: InquiredPerson
    date_of_service: date
    asked_on: date
    trace_number: str
    control_number: int
    dependent: InquiredPerson | None = None
    date_of_service_end: date | None = None
    service_types: tuple[str, ...] = ("30",)
    procedure: str | None = None

    @property
    def patient(self) -> InquiredPerson:
        """Whom it is about."""
        return self.dependent or self.subscriber


@dataclass(frozen=True, slots=True)
class InquiryFailure:
    """A check that gave no answer. It never means "not eligible".

    `code` is stable (`aaa_75`, `timeout`, `answer_truncated` …), `text` a sentence without anything personal, `fields`
    what to correct (`subscriber.member_id`). `follow_up` is AAA04. What the payer did say is kept in `rejections` and
    `answer`.
    """

    kind: FailureKind
    code: str
    text: str
    fields: tuple[str, ...] = ()
    follow_up: str | None = None
    rejections: tuple[Rejection, ...] = ()
    answer: PayerAnswer | None = field(default=None, repr=False)


InquiryOutcome = PayerAnswer | InquiryFailure
