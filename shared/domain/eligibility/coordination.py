"""E17, E18 and E25: who pays: a plan behind the payer, another payer beside it, or the coverages in another order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from shared.domain.eligibility.dates import in_periods
from shared.domain.eligibility.registry import found, rule
from shared.models.payer_answer import BenefitLine, PayerAnswer
from shared.models.records import Coverage, Payer
from shared.models.verdict import Evidence

if TYPE_CHECKING:
    from shared.domain.eligibility.coverage import Reading

PHARMACY = "88"
# EB04 of a 271 (data element 1336). Medicare and Medicaid themselves, and the kinds of plans behind them.
_PROGRAMS = {"MA": "medicare", "MB": "medicare", "MP": "medicare", "MC": "medicaid"}
_MANAGED = frozenset({"HM", "HN", "IN", "PR", "PS", "EP"})
# EB01 of lines that name another organisation, NM101 of payers and plans (loop 2120).
_NAMING = frozenset({"R", "U", "MC", "1", "2", "3", "4"})
PAYER_ROLES = frozenset({"PR", "PRP", "SEP", "TTP", "P4", "P5", "X3", "VN", "2B", "36", "GP", "IL"})
_PLAN_BEHIND = {"medicare": "medicare_advantage", "medicaid": "medicaid_managed"}
_PROGRAM_WORDS = {"medicare": "Medicare", "medicaid": "Medicaid"}


@rule("E17", source="CMS HETS 270/271 companion guide (EB01 R with EB04 HM, HN, IN, PR, PS); X12 005010X279A1, EB01 MC")
def managed_plan(answer: PayerAnswer, payer: Payer | None, service: str, on: date) -> Evidence | None:
    """E17: Medicare naming an Advantage plan, or Medicaid naming a managed-care plan: that plan must be asked instead.

    Medicare's drug plan (Part D, service 88) is beside it and replaces nothing, except for the pharmacy.
    """
    program = _program(answer, payer)
    if program is None:
        return None
    for line in answer.benefits:
        if _names_plan(line, service) and in_periods(line.periods, on) is not False:
            plan = _organisation(line)
            text = f"{_PROGRAM_WORDS[program]} names a plan that pays instead" + (f": {plan}" if plan else "")
            return found("E17", "managed_plan", text, line.source, "EB04", program=program, plan=plan or "")
    return None


@rule("E17")
def replaced_on_file(active: Iterable[tuple[Coverage, Payer | None]]) -> dict[UUID, Evidence]:
    """E17: the same from the file: original Medicare or Medicaid beside an active plan of that program."""
    held = [(coverage, payer.program if payer else None) for coverage, payer in active]
    found_by_id: dict[UUID, Evidence] = {}
    for coverage, program in held:
        behind = next((other for other, kind in held if kind == _PLAN_BEHIND.get(program or "")), None)
        if program in _PLAN_BEHIND and behind is not None:
            text = f"{_PROGRAM_WORDS[program]} is replaced by the plan on file: {behind.payer_name}"
            found_by_id[coverage.id] = found(
                "E17", "managed_plan", text, f"coverages/{behind.id}", None, program=program, plan=behind.payer_name
            )
    return found_by_id


def _program(answer: PayerAnswer, payer: Payer | None) -> str | None:
    named = next((_PROGRAMS[line.insurance_type] for line in answer.benefits if line.insurance_type in _PROGRAMS), None)
    own = payer.program if payer is not None else None
    return named or (own if own in _PLAN_BEHIND else None)


def _names_plan(line: BenefitLine, service: str) -> bool:
    if _only_drugs(line, service):
        return False
    coordinator = line.code == "MC"
    managed = line.code in _NAMING and line.insurance_type in _MANAGED
    return (coordinator or managed) and _organisation(line) is not None


def _organisation(line: BenefitLine) -> str | None:
    return next((entity.name for entity in line.entities if entity.role in PAYER_ROLES), None)


@rule("E18", source="X12 005010X279A1, EB01 R (other or additional payor)")
def other_payers(readings: Sequence[Reading], chosen: Reading, service: str, on: date) -> list[Evidence]:
    """E18: another payer on the answer, or two payers active on the day: verify who pays first."""
    own = chosen.coverage
    evidence = [
        found(
            "E18",
            "verify_cob",
            "Another coverage is active too: verify who pays first",
            f"coverages/{one.coverage.id}",
            "rank",
        )
        for one in readings
        if one.state == "active" and not one.is_self_pay and one.coverage.payer_id != own.payer_id
    ]
    for line in _naming_another(chosen, service, on):
        text = "The payer names another payer: verify who pays first"
        evidence.append(found("E18", "verify_cob", text, line.source, "EB01", payer=_organisation(line) or ""))
    return evidence


@rule("E18")
def payer_instead(reading: Reading, service: str, on: date) -> Evidence | None:
    """E18: a payer whose plan is not active names another payer: that one may pay instead."""
    for line in _naming_another(reading, service, on) if reading.state == "inactive" else ():
        named = _organisation(line)
        if named is not None:
            text = f"The plan is not active, and the payer names another one: {named}"
            return found("E18", "payer_instead", text, line.source, "EB01", payer=named)
    return None


def _naming_another(reading: Reading, service: str, on: date) -> list[BenefitLine]:
    """Lines of an answer that name another payer for the day; a drug plan is one for the pharmacy alone."""
    return [
        line
        for line in (reading.answer.benefits if reading.answer is not None else ())
        if line.code == "R" and not _only_drugs(line, service) and in_periods(line.periods, on) is not False
    ]


def _only_drugs(line: BenefitLine, service: str) -> bool:
    return line.service_types == (PHARMACY,) and service != PHARMACY


@rule("E25")
def rank_again(readings: Sequence[Reading], chosen: Reading) -> Evidence | None:
    """E25: a coverage ranked before is inactive, another one is active: suggest to rank them again."""
    before = [
        one
        for one in readings
        if one.coverage.rank < chosen.coverage.rank and one.state == "inactive" and not one.is_self_pay
    ]
    if not before:
        return None
    text = "The coverage ranked first is not active on the date; another one is"
    first = f"coverages/{before[0].coverage.id}"
    return found("E25", "rank_again", text, f"coverages/{chosen.coverage.id}", "rank", inactive=first)
