"""E01, E06 and E07: what each coverage says of the day, and the verdict from all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from shared.domain.eligibility.coordination import managed_plan, replaced_on_file
from shared.domain.eligibility.dates import in_periods, is_active
from shared.domain.eligibility.failures import failed, failure_of, nobody_asks_again
from shared.domain.eligibility.lines import lines_of, network_of
from shared.domain.eligibility.on_file import answer_from
from shared.domain.eligibility.person import mismatch
from shared.domain.eligibility.registry import found, rule
from shared.models.payer_answer import BenefitLine, CheckFailure, PayerAnswer
from shared.models.records import Coverage, Payer, Verdict
from shared.models.verdict import Evidence, GivenAnswer, Network, VerdictInputs, VerdictReceipt

CoverageState = Literal["active", "inactive", "not_covered", "unknown"]
_STATES: dict[str, CoverageState] = {
    "1": "active",
    "2": "active",
    "3": "active",
    "4": "active",
    "5": "active",
    "6": "inactive",
    "7": "inactive",
    "8": "inactive",
    "I": "not_covered",
    "U": "unknown",
    "V": "unknown",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of one coverage on the day; `evidence` begins with what decided."""

    coverage: Coverage
    state: CoverageState
    evidence: tuple[Evidence, ...]
    answer: PayerAnswer | None = None
    failure: CheckFailure | None = None

    @property
    def is_self_pay(self) -> bool:
        """Whether it only documents that there is no insurance."""
        return self.coverage.payer_kind == "self_pay"


@rule("E01")
def ranked(coverages: Iterable[Coverage]) -> list[Coverage]:
    """E01: coverages are asked in the order of their rank, of one rank the newest first; removed ones are skipped."""
    return sorted((one for one in coverages if one.status != "removed"), key=_place)


def _place(coverage: Coverage) -> tuple[int, int, str]:
    start = coverage.period_start or date.max
    return coverage.rank, -start.toordinal(), str(coverage.id)


def read_all(inputs: VerdictInputs) -> list[Reading]:
    """Read every coverage that counts, in rank order."""
    payers = {payer.id: payer for payer in inputs.payers}
    given = {one.coverage_id: one for one in inputs.answers}
    coverages = ranked(inputs.coverages)
    readings = [read(one, inputs, payers.get(one.payer_id), given.get(one.id)) for one in coverages]
    active = [(one.coverage, payers.get(one.coverage.payer_id)) for one in readings if one.state == "active"]
    replaced = replaced_on_file(active)
    return [
        replace(one, state="unknown", evidence=(replaced[one.coverage.id],)) if one.coverage.id in replaced else one
        for one in readings
    ]


def readings_of(receipt: VerdictReceipt) -> list[Reading]:
    """What every coverage said of the day, from a verdict's own inputs."""
    return read_all(receipt.inputs)


def read(coverage: Coverage, inputs: VerdictInputs, payer: Payer | None, given: GivenAnswer | None) -> Reading:
    """Read one coverage: from what the payer answered when it was asked, else from the file and why it was not."""
    source = f"coverages/{coverage.id}"
    if given is None:
        return _on_file(coverage, inputs, payer)
    if given.source == "on_file":
        on_file = _on_file(coverage, inputs, payer)
        why = () if given.failure is None else (failed(given.failure, source),)
        return replace(on_file, evidence=(*on_file.evidence, *why))
    failure, answer = given.failure, given.answer
    if failure is None and answer is not None and answer.rejections and not answer.benefits:
        failure = failure_of(answer.rejections)
    if failure is not None or answer is None:
        failure = failure or CheckFailure("retryable", "unreadable")
        evidence = (failed(failure, source), *nobody_asks_again(failure, source))
        return Reading(coverage, "unknown", evidence, None, failure)
    other = mismatch(given.person, source)
    if other is not None:
        return Reading(coverage, "unknown", (other,))
    return _answered(coverage, inputs, payer, answer)


def _on_file(coverage: Coverage, inputs: VerdictInputs, payer: Payer | None) -> Reading:
    """A coverage on file: by its period, and by what its benefits say of the service."""
    question, source = inputs.question, f"coverages/{coverage.id}"
    answer = answer_from(inputs.benefits, coverage, question.on, question.service_type)
    if coverage.status != "active":
        text = f"The coverage on file for the date is {coverage.status}"
        evidence = found("E02", "coverage_not_in_force", text, source, "status", status=coverage.status)
        if not is_active(coverage, question.on):
            evidence = _out_of_period(source)
        return Reading(coverage, "inactive", (evidence,), answer)
    if coverage.period_start is None:
        text = "The coverage on file has no start date"
        return Reading(
            coverage, "unknown", (found("E02", "coverage_period_unknown", text, source, "period_start"),), answer
        )
    if not is_active(coverage, question.on):
        return Reading(coverage, "inactive", (_out_of_period(source),), answer)
    active = found("E02", "coverage_active", "Coverage is active on the date", source, "period_start")
    state, evidence_of_lines = plan_state(answer, question.service_type, question.on, network_of(payer)[0])
    own = evidence_of_lines.source == source
    evidence_found = (active,) if own else (active, evidence_of_lines) if state == "active" else (evidence_of_lines,)
    return Reading(coverage, state, evidence_found, answer)


def _answered(coverage: Coverage, inputs: VerdictInputs, payer: Payer | None, answer: PayerAnswer) -> Reading:
    """A coverage that its payer answered about."""
    question = inputs.question
    if in_periods(answer.periods, question.on) is False:
        return Reading(coverage, "inactive", (_out_of_period(f"coverages/{coverage.id}"),), answer)
    managed = managed_plan(answer, payer, question.service_type, question.on)
    if managed is not None:
        return Reading(coverage, "unknown", (managed,), answer)
    state, evidence = plan_state(answer, question.service_type, question.on, network_of(payer)[0])
    return Reading(coverage, state, (evidence,), answer)


def _out_of_period(source: str) -> Evidence:
    return found("E02", "coverage_inactive", "No coverage on file is active on the date", source, "period_end")


@rule("E06", source="X12 005010X279A1, EB01 (data element 1390)")
def plan_state(answer: PayerAnswer, service: str, on: date, network: Network | None) -> tuple[CoverageState, Evidence]:
    """E06: EB01 1-5 is active, 6-8 inactive, I not covered, U and V cannot say; the service's line beats general ones.

    Lines of one kind that contradict each other leave the coverage undetermined.
    """
    told = [line for line in answer.benefits if line.code in _STATES]
    lines = lines_of(told, service=service, on=on, network=network)
    if not lines:
        return "unknown", found("E06", "answer_says_nothing", "The answer does not say whether the plan is active")
    states = {_STATES[line.code] for line in lines}
    if len(states) > 1:
        codes = ", ".join(sorted({line.code for line in lines}))
        text = "The answer contradicts itself about this service"
        return "unknown", found("E06", "answer_mixed", text, lines[0].source, "EB01", codes=codes, service=service)
    return _STATES[lines[0].code], _said(lines[0], service)


def _said(line: BenefitLine, service: str) -> Evidence:
    code, text = {
        "active": ("plan_active", "The plan is active for this service"),
        "inactive": ("plan_inactive", "The plan is not active"),
        "not_covered": ("service_not_covered", "The plan does not cover this service"),
        "unknown": ("ask_another", "The payer cannot say; another must be asked"),
    }[_STATES[line.code]]
    return found("E06", code, text, line.source, "EB01", says=line.code, service=service)


@rule("E07")
def judge(readings: Sequence[Reading]) -> tuple[Verdict, Reading | None, tuple[Evidence, ...]]:
    """E07: eligible, not eligible, or undetermined: the first active coverage decides; what is unknown is never a no.

    Returns the verdict, the reading that tells most (None without insurance), and its evidence.
    """
    insured = [one for one in readings if not one.is_self_pay]
    active = next((one for one in insured if one.state == "active"), None)
    if active is not None:
        return "eligible", active, active.evidence
    for state in ("unknown", "not_covered"):
        first = next((one for one in insured if one.state == state), None)
        if first is not None:
            return ("undetermined" if state == "unknown" else "not_eligible"), first, first.evidence
    if not readings:
        return "undetermined", None, (found("E07", "no_coverage_on_file", "No coverage is on file"),)
    uninsured = next((one for one in readings if one.is_self_pay and one.state == "active"), None)
    if uninsured is not None:
        source = f"coverages/{uninsured.coverage.id}"
        return "not_eligible", None, (found("E24", "no_insurance", "No insurance is on file for the date", source),)
    telling = _most_telling(readings)
    return "not_eligible", telling, telling.evidence


def _most_telling(readings: Sequence[Reading]) -> Reading:
    """Of coverages that do not hold: one that would but for its status or its payer's word, else the last to end."""
    others = [one for one in readings if one.evidence[0].code != "coverage_inactive"]
    return others[0] if others else max(readings, key=lambda one: one.coverage.period_end or date.max)
