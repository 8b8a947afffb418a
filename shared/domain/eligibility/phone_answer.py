"""What a payer said on the telephone, in the shape of a payer's answer: so that one verdict code reads both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from shared.domain.eligibility.on_file import ACTIVE, CANNOT_SAY, INACTIVE, answer_from
from shared.models.payer_answer import BenefitLine, PayerAnswer
from shared.models.records import Coverage, EligibilityFile

Outcome = Literal["active", "inactive", "unknown"]
_CODES: dict[Outcome, str] = {"active": ACTIVE, "inactive": INACTIVE, "unknown": CANNOT_SAY}
# EB01 of lines that say whether the plan or the service is covered: the call says that.
_STATES = frozenset({"1", "2", "3", "4", "5", "6", "7", "8", "I", "U", "V"})
_COPAY, _VISIT = "B", "27"


@dataclass(frozen=True, slots=True)
class Told:
    """What was said; `reference` is the payer's number for the call, `spoke_with` what answered it."""

    outcome: Outcome
    copay: Decimal | None = None
    reference: str | None = None
    spoke_with: str | None = None


def answer_told(file: EligibilityFile, coverage: Coverage, told: Told, on: date, service: str) -> PayerAnswer:
    """The answer for a day and a service type: what was said, and of an active coverage the benefits on file.

    A call seldom names them all; that an authorization is needed is not forgotten because nobody mentioned it.
    """
    source = f"coverages/{coverage.id}"
    lines = [BenefitLine(_CODES[told.outcome], source, (service,), plan=coverage.plan_name)]
    if told.copay is not None:
        lines.append(BenefitLine(_COPAY, source, (service,), period=_VISIT, amount=told.copay))
    if told.outcome == "active":
        named = _STATES if told.copay is None else _STATES | {_COPAY}
        kept = answer_from(file.benefits, coverage, on, service).benefits
        lines += [line for line in kept if line.code not in named]
    return PayerAnswer(
        coverage.payer_name,
        None,
        None,
        benefits=tuple(lines),
        payer_trace_numbers=() if told.reference is None else (told.reference,),
        messages=() if told.spoke_with is None else (f"Spoke with: {told.spoke_with}",),
    )
