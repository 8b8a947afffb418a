"""An eligibility verdict with its receipt: what it was decided from, which rules fired, and on what evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from shared.models.firestore.documents import ContextStatus
from shared.models.payer_answer import CheckFailure, PayerAnswer
from shared.models.records import Authorization, Benefit, CheckSource, Coverage, Payer, PayerRule, Verdict, Visit

DateSource = Literal["params", "context_visit", "next_visit", "today"]
PersonMatch = Literal["same", "date_of_birth", "last_name", "first_name"]
Network = Literal["in", "out"]
RECEIPT_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Evidence:
    """One rule that fired: its id, a reason code, a sentence, and the record it read (`table/uuid`, `271:EB[n]`).

    `element` is the column of that record or the element of the 271, `as_of` when what it says was known. The sentence
    is made from `code` and `params`, so that it can be told in another language.
    """

    rule: str
    code: str
    text: str
    source: str | None = None
    element: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: of which day, for which service, by whom, for which visit.

    `allowed` is the amount that the payer allows for it.
    """

    on: date
    date_source: DateSource
    service_type: str
    today: date
    procedure: str | None = None
    provider_id: UUID | None = None
    allowed: Decimal | None = None
    visit_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """What a payer connection or a telephone call brought for a coverage: an answer or a failure.

    With the source `on_file` the file answers, and `failure` says why the payer was not asked.
    `person` is how the person of the answer compares with the patient; None when the answer names nobody.
    """

    coverage_id: UUID
    source: CheckSource
    at: datetime
    answer: PayerAnswer | None = None
    failure: CheckFailure | None = None
    person: PersonMatch | None = None


@dataclass(frozen=True, slots=True)
class VerdictInputs:
    """Everything a verdict is decided from: records with their ids and versions, and no person's name."""

    question: Question
    coverages: tuple[Coverage, ...]
    payers: tuple[Payer, ...]
    payer_rules: tuple[PayerRule, ...]
    benefits: tuple[Benefit, ...]
    authorizations: tuple[Authorization, ...]
    booked_visits: tuple[Visit, ...]
    answers: tuple[GivenAnswer, ...]


@dataclass(frozen=True, slots=True)
class Copay:
    """What the patient pays at the visit, in USD. Sources that contradict each other make a range to be reviewed.

    Where the organisation's network is not known, the amounts in and out of network stand beside it.
    """

    low: Decimal
    high: Decimal
    needs_review: bool
    in_network: Decimal | None = None
    out_of_network: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Accumulator:
    """A yearly amount and what is left of it, in USD; None where the answer does not say."""

    base: Decimal | None
    remaining: Decimal | None


@dataclass(frozen=True, slots=True)
class Deductible:
    """The deductible of the individual and of the family. `met` when either is; `remaining` is still the patient's."""

    individual: Accumulator | None
    family: Accumulator | None
    met: bool | None
    remaining: Decimal | None


@dataclass(frozen=True, slots=True)
class VisitLimit:
    """Visits left, and the booked visit on which they run out."""

    total: int | None
    remaining: int
    booked: int
    runs_out_with: UUID | None = None
    runs_out_on: date | None = None

    @property
    def left(self) -> int:
        """What is left when the booked visits have taken theirs."""
        return max(0, self.remaining - self.booked)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the patient is likely to pay, in USD: an estimate, never a price. `missing` names what is not known."""

    low: Decimal
    high: Decimal
    copay: Decimal
    deductible: Decimal
    coinsurance: Decimal
    capped: bool
    missing: tuple[str, ...]
    needs_review: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """The amounts and counts of the coverage that answers; None where nothing is known."""

    network: Network | None = None
    copay: Copay | None = None
    coinsurance: Decimal | None = None
    deductible: Deductible | None = None
    out_of_pocket: Decimal | None = None
    visit_limit: VisitLimit | None = None
    estimate: Estimate | None = None
    self_pay_estimate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class VerdictReceipt:
    """The answer to "is this patient covered on that day?".

    `requires_auth` is None when nobody can say; `authorization_met` tells whether an authorization on file fits.
    `evidence` says why; `suggestions` are rules that fired and offer a way on. `inputs` decide it again.
    """

    verdict: Verdict
    requires_auth: bool | None
    authorization_met: bool
    status: ContextStatus
    date_of_service: date
    date_source: DateSource
    service_type: str
    coverage_id: UUID | None
    evidence: tuple[Evidence, ...]
    suggestions: tuple[Evidence, ...]
    figures: Figures
    failure: CheckFailure | None
    inputs: VerdictInputs
    schema: int = RECEIPT_SCHEMA

    @property
    def eligible(self) -> bool | None:
        """True, False or None (undetermined)."""
        return {"eligible": True, "not_eligible": False, "undetermined": None}[self.verdict]

    @property
    def coverage(self) -> Coverage | None:
        """The coverage that answers."""
        return next((one for one in self.inputs.coverages if one.id == self.coverage_id), None)

    def fired(self, *codes: str) -> Evidence | None:
        """The first evidence or suggestion with one of the codes."""
        return next((one for one in (*self.evidence, *self.suggestions) if one.code in codes), None)


@dataclass(frozen=True, slots=True)
class Change:
    """A member of the outcome that differs from the check before."""

    member: str
    before: str | None
    after: str | None
    material: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """How a verdict differs from the check before it (`previous` is that check). Material changes deserve an alert."""

    previous: UUID
    changes: tuple[Change, ...]

    @property
    def material(self) -> bool:
        """Whether any of the changes matters."""
        return any(change.material for change in self.changes)
