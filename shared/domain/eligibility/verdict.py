"""From what is on file and what payers answered to a verdict, and from a receipt to the same verdict again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from shared.domain.eligibility.authorization import AuthorizationFinding, authorization_for
from shared.domain.eligibility.coordination import other_payers, payer_instead, rank_again
from shared.domain.eligibility.coverage import Reading, judge, read_all
from shared.domain.eligibility.dates import service_date, service_type
from shared.domain.eligibility.estimate import self_pay
from shared.domain.eligibility.figures import figures_of
from shared.domain.eligibility.inputs import inputs_of, kept_answers
from shared.domain.eligibility.lines import lines_of, network_of
from shared.domain.eligibility.readiness import status_of
from shared.models.payer_answer import BenefitLine
from shared.models.records import EligibilityFile, Payer
from shared.models.verdict import Evidence, Figures, GivenAnswer, Question, VerdictInputs, VerdictReceipt

_NOT_NEEDED = AuthorizationFinding(needed=None, met=False, evidence=())


def decide(
    file: EligibilityFile,
    *,
    asked_date: date | None = None,
    asked_service: str | None = None,
    procedure: str | None = None,
    allowed: Decimal | None = None,
    answers: Sequence[GivenAnswer] | None = None,
    today: date,
) -> VerdictReceipt:
    """Decide whether the patient is covered, whether an authorization is needed, and what that means for the record.

    `answers` are what payers answered; by default the newest check's, when it is about this day
    and service. Coverages without one are read from the file.
    """
    on, source = service_date(file, asked=asked_date, today=today)
    visit = next((one for one in (file.context_visit or file.next_visit,) if one and one.visit_date == on), None)
    question = Question(
        on=on,
        date_source=source,
        service_type=service_type(file, asked=asked_service),
        today=today,
        procedure=procedure,
        provider_id=visit.provider_id if visit else None,
        allowed=allowed,
        visit_id=visit.id if visit else None,
    )
    return decide_from(inputs_of(file, question, kept_answers(file, question) if answers is None else answers))


def replay(receipt: VerdictReceipt, *, on: date | None = None, service: str | None = None) -> VerdictReceipt:
    """Decide again from a receipt's own inputs: for its day and service, or for others as it would have been then."""
    question = receipt.inputs.question
    if on is not None:
        question = replace(question, on=on, date_source="params")
    if service is not None:
        question = replace(question, service_type=service)
    return decide_from(replace(receipt.inputs, question=question))


def decide_from(inputs: VerdictInputs) -> VerdictReceipt:
    """Decide from inputs alone: the same inputs, the same verdict."""
    question = inputs.question
    readings = read_all(inputs)
    verdict, reading, evidence = judge(readings)
    suggestions = [self_pay(verdict, question.allowed)]
    authorization, figures = _NOT_NEEDED, Figures()
    others: Sequence[Evidence] = ()
    costs: Sequence[Evidence] = ()
    if verdict == "eligible" and reading is not None:
        others = other_payers(readings, reading, question.service_type, question.on)
        suggestions += [rank_again(readings, reading), *_replaced(readings)]
        authorization = _authorization(inputs, reading)
        figures, costs = figures_of(inputs, reading.coverage, _benefits(reading), _payer(inputs, reading))
    elif verdict != "eligible":
        suggestions += [payer_instead(one, question.service_type, question.on) for one in readings]
        figures = Figures(self_pay_estimate=question.allowed)
    every = (*evidence, *others, *authorization.evidence, *costs)
    failure = reading.failure if reading is not None and verdict == "undetermined" else None
    moments = _moments(inputs)
    return VerdictReceipt(
        verdict=verdict,
        requires_auth=authorization.needed,
        authorization_met=authorization.met,
        status=status_of(verdict, every, requires_auth=authorization.needed, met=authorization.met, failure=failure),
        date_of_service=question.on,
        date_source=question.date_source,
        service_type=question.service_type,
        coverage_id=reading.coverage.id if reading is not None else None,
        evidence=tuple(_dated(one, moments) for one in every),
        suggestions=tuple(_dated(one, moments) for one in suggestions if one is not None),
        figures=figures,
        failure=failure,
        inputs=inputs,
    )


def _authorization(inputs: VerdictInputs, reading: Reading) -> AuthorizationFinding:
    question = inputs.question
    network = network_of(_payer(inputs, reading))[0]
    flagged = [line for line in _benefits(reading) if line.requires_auth is not None]
    return authorization_for(
        question,
        reading.coverage,
        rules=inputs.payer_rules,
        lines=lines_of(flagged, service=question.service_type, on=question.on, network=network),
        held=inputs.authorizations,
    )


def _replaced(readings: Sequence[Reading]) -> list[Evidence]:
    """E17 beside an eligible verdict: the program's coverage stays on file, its plan is what pays."""
    return [one.evidence[0] for one in readings if one.evidence[0].code == "managed_plan"]


def _moments(inputs: VerdictInputs) -> dict[str, datetime]:
    """When what a source says was known."""
    moments = {f"coverages/{one.id}": one.updated_at for one in inputs.coverages if one.updated_at is not None}
    moments |= {f"benefits/{one.id}": one.as_of for one in inputs.benefits}
    for given in inputs.answers:
        moments[f"coverages/{given.coverage_id}"] = given.at
        moments |= {line.source: given.at for line in (given.answer.benefits if given.answer else ())}
    return moments


def _dated(evidence: Evidence, moments: Mapping[str, datetime]) -> Evidence:
    return replace(evidence, as_of=moments.get(evidence.source or ""))


def _payer(inputs: VerdictInputs, reading: Reading) -> Payer | None:
    return next((payer for payer in inputs.payers if payer.id == reading.coverage.payer_id), None)


def _benefits(reading: Reading) -> tuple[BenefitLine, ...]:
    return reading.answer.benefits if reading.answer is not None else ()
