"""The amounts and counts of the coverage that answers: E12 to E16 put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from shared.domain.eligibility.benefits import (
    COINSURANCE,
    COPAY,
    DEDUCTIBLE,
    LIMIT,
    OUT_OF_POCKET,
    accumulators,
    copay_of,
    deductible_of,
    visit_limit,
)
from shared.domain.eligibility.estimate import estimate_of
from shared.domain.eligibility.lines import lines_of, network_of
from shared.models.payer_answer import BenefitLine
from shared.models.records import Coverage, Payer
from shared.models.verdict import Evidence, Figures, VerdictInputs

_SUBSCRIBER = frozenset({None, "self", "18"})


def figures_of(
    inputs: VerdictInputs, coverage: Coverage, lines: Sequence[BenefitLine], payer: Payer | None
) -> tuple[Figures, tuple[Evidence, ...]]:
    """Work out what the answer's lines say of the service's costs and visits, with the evidence of each rule."""
    question = inputs.question
    dependent = coverage.relationship not in _SUBSCRIBER
    network, network_evidence = network_of(payer)

    def told(code: str) -> list[BenefitLine]:
        of_code = [line for line in lines if line.code == code]
        return lines_of(of_code, service=question.service_type, on=question.on, network=network)

    copay, copay_evidence = copay_of(told(COPAY), network)
    deductible, deductible_evidence = deductible_of(told(DEDUCTIBLE), dependent=dependent)
    limit, limit_evidence = visit_limit(told(LIMIT), inputs.booked_visits, question.service_type)
    coinsurance = _largest(line.percent for line in told(COINSURANCE))
    individual, family = accumulators(told(OUT_OF_POCKET), dependent=dependent)
    remains = [one.remaining for one in (individual, family) if one is not None and one.remaining is not None]
    out_of_pocket = min(remains, default=None)
    estimate, estimate_evidence = estimate_of(
        question.allowed, copay=copay, deductible=deductible, coinsurance=coinsurance, out_of_pocket=out_of_pocket
    )
    figures = Figures(
        network=network,
        copay=copay,
        coinsurance=coinsurance,
        deductible=deductible,
        out_of_pocket=out_of_pocket,
        visit_limit=limit,
        estimate=estimate,
    )
    fired = (limit_evidence, network_evidence, copay_evidence, deductible_evidence, estimate_evidence)
    return figures, tuple(one for one in fired if one is not None)


def _largest(percents: Iterable[Decimal | None]) -> Decimal | None:
    return max((one for one in percents if one is not None), default=None)
