"""The explanation of a verdict: every rule that fired, in the order in which it was decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shared.domain.eligibility.registry import RULES, found
from shared.models.verdict import Evidence, VerdictReceipt

_DAY = {
    "params": "the date asked for",
    "context_visit": "the day of the visit",
    "next_visit": "the day of the next booked visit",
    "today": "today, because no visit is booked",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One step: the rule in one sentence (`title`), what it found, and where it comes from (`rule_source`)."""

    title: str
    rule_source: str
    evidence: Evidence


def explain(receipt: VerdictReceipt) -> tuple[Explanation, ...]:
    """Explain a verdict from its receipt: the question, what decided, what follows, and what is suggested."""
    return tuple(_explained(evidence) for evidence in _steps(receipt))


def _steps(receipt: VerdictReceipt) -> Iterator[Evidence]:
    question = receipt.inputs.question
    text = f"The date of service is {question.on.isoformat()}: {_DAY[question.date_source]}"
    yield found("E02", "date_of_service", text, None, "dateOfService", date=question.on, origin=question.date_source)
    service = question.service_type
    yield found("E05", "service_type", f"The service type is {service}", None, "serviceType", service=service)
    counted = sum(one.status != "removed" for one in receipt.inputs.coverages)
    text = f"{counted} coverages on file count" if counted != 1 else "One coverage on file counts"
    yield found("E01", "coverages_ranked", text, None, "rank", coverages=counted)
    yield from receipt.evidence
    verdict = receipt.verdict.replace("_", " ")
    yield found("E07", "verdict", f"The verdict is: {verdict}", None, None, verdict=receipt.verdict)
    yield from receipt.suggestions


def _explained(evidence: Evidence) -> Explanation:
    rule = RULES[evidence.rule]
    return Explanation(rule.title, rule.source, evidence)
