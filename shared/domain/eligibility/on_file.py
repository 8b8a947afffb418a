"""An answer made from what is on file, in the shape of a payer's: so that one verdict code reads both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Literal

from shared.domain.eligibility.dates import is_active
from shared.models.payer_answer import AnswerPeriod, BenefitLine, PayerAnswer
from shared.models.records import GENERAL_SERVICE, Benefit, Coverage, EligibilityFile

ACTIVE, INACTIVE, CANNOT_SAY = "1", "6", "V"
_CODES = {
    "active": ACTIVE,
    "inactive": INACTIVE,
    "not_covered": "I",
    "copay": "B",
    "coinsurance": "A",
    "deductible": "C",
    "out_of_pocket": "G",
    "limit": "F",
}
_NETWORKS: dict[str, Literal["Y", "N", "W", "U"]] = {"in": "Y", "out": "N", "both": "W", "unknown": "U"}
_LEVELS = {"individual": "IND", "family": "FAM"}
_YEAR, _VISIT, _REMAINING, VISITS = "23", "27", "29", "VS"
_YEARLY = frozenset({"deductible", "out_of_pocket", "limit"})


def answer_on_file(file: EligibilityFile, coverage: Coverage, on: date, service: str) -> PayerAnswer:
    """Answer about a coverage for a day and a service type from the file, as the payer's 271 would."""
    return answer_from(file.benefits, coverage, on, service)


def answer_from(benefits: Sequence[Benefit], coverage: Coverage, on: date, service: str) -> PayerAnswer:
    """Say whether the coverage holds on the day (EB 1 or 6; V without a start), and what its benefits are then.

    A coverage that is not in force holds on no day. Benefits of other services than the one asked about and the
    general ones are left out, as are those of another period.
    """
    lines = [_status(coverage, on)]
    if coverage.copay is not None:
        lines.append(
            BenefitLine("B", f"coverages/{coverage.id}", (GENERAL_SERVICE,), period=_VISIT, amount=coverage.copay)
        )
    for benefit in benefits:
        if benefit.coverage_id == coverage.id and benefit.service_type in (service, GENERAL_SERVICE):
            lines += _lines(benefit) if _holds(benefit, on) else ()
    period = AnswerPeriod("291", coverage.period_start, coverage.period_end)
    return PayerAnswer(coverage.payer_name, None, None, periods=(period,), benefits=tuple(lines))


def _status(coverage: Coverage, on: date) -> BenefitLine:
    code = ACTIVE if coverage.status == "active" and is_active(coverage, on) else INACTIVE
    if coverage.status == "active" and coverage.period_start is None:
        code = CANNOT_SAY
    return BenefitLine(code, f"coverages/{coverage.id}", (GENERAL_SERVICE,), plan=coverage.plan_name)


def _holds(benefit: Benefit, on: date) -> bool:
    start, end = benefit.period_start, benefit.period_end
    return (start is None or start <= on) and (end is None or on <= end)


def _lines(benefit: Benefit) -> Iterator[BenefitLine]:
    """A benefit as one line, and a second one for what remains of it."""
    whole = BenefitLine(
        code=_CODES[benefit.kind],
        source=f"benefits/{benefit.id}",
        service_types=(benefit.service_type,),
        level=_LEVELS[benefit.level],
        period=_YEAR if benefit.kind in _YEARLY else _VISIT,
        amount=benefit.amount,
        percent=benefit.percent,
        quantity_qualifier=VISITS if benefit.kind == "limit" else None,
        quantity=_decimal(benefit.quantity),
        requires_auth={True: "Y", False: "N", None: None}[benefit.requires_auth],
        network=_NETWORKS[benefit.network],
        periods=_period(benefit),
    )
    yield whole
    if benefit.remaining_amount is not None or benefit.remaining_quantity is not None:
        left = _decimal(benefit.remaining_quantity)
        yield replace(whole, period=_REMAINING, amount=benefit.remaining_amount, percent=None, quantity=left)


def _period(benefit: Benefit) -> tuple[AnswerPeriod, ...]:
    if benefit.period_start is None and benefit.period_end is None:
        return ()
    return (AnswerPeriod("292", benefit.period_start, benefit.period_end),)


def _decimal(quantity: int | None) -> Decimal | None:
    return None if quantity is None else Decimal(quantity)
