"""E17 and E18: the switch of payers that a verdict speaks for, and how guidance offers it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from shared.domain.eligibility.coordination import payer_instead
from shared.domain.eligibility.coverage import Reading, readings_of
from shared.domain.eligibility.dates import is_active
from shared.domain.eligibility.registry import found, rule
from shared.domain.eligibility.situation import Situation
from shared.domain.eligibility.switching import Switch, against_switch
from shared.models.records import Coverage
from shared.models.verdict import Evidence, VerdictReceipt

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A switch that a verdict speaks for: of which coverage, and from what evidence.

    `replacement` is a coverage on file, `payer_id` a payer of one; `start` is None where nobody said it.
    """

    replaced: Coverage
    evidence: Evidence
    replacement: Coverage | None = None
    payer_id: UUID | None = None
    start: date | None = None

    def params(self, receipt: VerdictReceipt) -> dict[str, Any]:
        """The params of the quick action, as far as they are known."""
        known = {
            "coverageId": str(self.replaced.id),
            "version": self.replaced.version,
            "startDate": self.start.isoformat() if self.start else None,
            "payerId": str(self.payer_id) if self.payer_id else None,
            "replacementCoverageId": str(self.replacement.id) if self.replacement else None,
            "dateOfService": receipt.date_of_service.isoformat(),
        }
        return {name: value for name, value in known.items() if value is not None}

    def hindrance(self) -> str | None:
        """What would be refused of it whatever a person adds."""
        if self.replacement is None or self.start is None:
            return None if self.replaced.status == "active" else f"The coverage on file is {self.replaced.status}"
        instead = self.replacement
        switch = Switch(self.replaced, self.start, instead.payer_id, instead.payer_kind, instead)
        against = against_switch(switch, ())
        return None if against is None else f"{against.field}: {against.message}"


@rule("E17")
def proposed(receipt: VerdictReceipt) -> Proposal | None:
    """E17: the switch that a verdict speaks for: a plan behind a program, or a payer named by one that does not pay."""
    question = receipt.inputs.question
    for reading in readings_of(receipt) if receipt.fired("managed_plan", "payer_instead") else ():
        evidence: Evidence | None = reading.evidence[0]
        if evidence is None or evidence.code != "managed_plan":
            evidence = payer_instead(reading, question.service_type, question.on)
        if evidence is not None and receipt.fired(evidence.code):
            instead = _on_file(reading.coverage, evidence, receipt)
            return _named(reading, evidence, receipt) if instead is None else _beside(reading, evidence, instead)
    return None


def _on_file(replaced: Coverage, evidence: Evidence, receipt: VerdictReceipt) -> Coverage | None:
    """The coverage of what is named, where one is in force on the day."""
    payers = _payers_named(replaced, evidence, receipt)
    for one in receipt.inputs.coverages:
        meant = evidence.source == f"coverages/{one.id}" or one.payer_id in payers
        if meant and one.status == "active" and is_active(one, receipt.date_of_service):
            return one
    return None


def _payers_named(replaced: Coverage, evidence: Evidence, receipt: VerdictReceipt) -> list[UUID]:
    """The patient's payers of this name, but for the one that is replaced."""
    name = (evidence.params.get("plan") or evidence.params.get("payer") or "").casefold()
    return [one.id for one in receipt.inputs.payers if one.name.casefold() == name and one.id != replaced.payer_id]


def _beside(reading: Reading, evidence: Evidence, instead: Coverage) -> Proposal:
    """What is on file pays from its first day, or from the second one of what it replaces when it is older."""
    replaced = reading.coverage
    starts = [one for one in (instead.period_start, _after(replaced.period_start)) if one is not None]
    return Proposal(replaced, evidence, instead, start=max(starts))


def _named(reading: Reading, evidence: Evidence, receipt: VerdictReceipt) -> Proposal:
    """A name in an answer: whose it is where a payer of the patient has it, and since when where the line says so."""
    replaced, payers = reading.coverage, _payers_named(reading.coverage, evidence, receipt)
    lines = reading.answer.benefits if reading.answer is not None else ()
    periods = [period for line in lines if line.source == evidence.source for period in line.periods]
    first, last = _after(replaced.period_start) or date.min, replaced.period_end or date.max
    on = receipt.date_of_service
    starts = [one.start for one in periods if one.start is not None and first <= one.start <= min(last, on)]
    payer = payers[0] if len(payers) == 1 else None
    return Proposal(replaced, evidence, payer_id=payer, start=max(starts, default=None))


def _after(day: date | None) -> date | None:
    return None if day is None else day + _DAY


def payer_named(situation: Situation) -> Evidence | None:
    """A payer that an answer names, and that is to be chosen."""
    proposal = proposed(situation.receipt)
    return proposal.evidence if proposal is not None and proposal.replacement is None else None


def payer_on_file(situation: Situation) -> Evidence | None:
    """A plan on file that pays instead."""
    proposal = proposed(situation.receipt)
    return proposal.evidence if proposal is not None and proposal.replacement is not None else None


def offer_params(situation: Situation) -> dict[str, Any]:
    """What is known of the switch."""
    proposal = proposed(situation.receipt)
    return {} if proposal is None else proposal.params(situation.receipt)


def against_offer(situation: Situation) -> Evidence | None:
    """What would be refused of it."""
    proposal = proposed(situation.receipt)
    against = None if proposal is None else proposal.hindrance()
    return None if against is None else found("E17", "switch_refused", against)


def offer_form(_: Situation) -> dict[str, Any]:
    """What a person adds to it."""
    properties = {
        "payerId": {"type": "string", "minLength": 1, "title": "Payer"},
        "memberId": {"type": "string", "minLength": 1, "title": "Member id"},
        "startDate": {"type": "string", "format": "date", "title": "Pays from"},
        "planName": {"type": "string", "minLength": 1, "title": "Plan"},
    }
    required = ["payerId", "memberId", "startDate"]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
