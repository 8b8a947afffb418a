"""Ways to a verdict that the suites share; a test names only what it is about."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from shared.domain import eligibility
from shared.models.payer_answer import CheckFailure, PayerAnswer
from shared.models.records import Coverage
from shared.models.verdict import Evidence, VerdictReceipt
from tests.unit.factories import TODAY, coverage, file, given_to

DAY = timedelta(days=1)
QUESTIONS = frozenset({"asked_service", "procedure", "allowed", "answers"})


def decided(*coverages: Coverage, on: date = TODAY, **members: Any) -> VerdictReceipt:
    """The verdict of a file with these coverages; `members` are the file's, or the question's."""
    question = {name: members.pop(name) for name in QUESTIONS & members.keys()}
    return eligibility.decide(file(*coverages, **members), asked_date=on, today=TODAY, **question)


def answered(told: PayerAnswer | CheckFailure, *, of: Coverage | None = None, **members: Any) -> VerdictReceipt:
    """The verdict when the payer of the only coverage answers this."""
    held = of or coverage()
    return decided(held, answers=(given_to(held, told),), **members)


def codes(receipt: VerdictReceipt) -> list[tuple[str, str]]:
    return [(evidence.rule, evidence.code) for evidence in receipt.evidence]


def the(receipt: VerdictReceipt, code: str) -> Evidence:
    """The evidence or suggestion with this code; there must be one."""
    found = receipt.fired(code)
    assert found is not None, (code, codes(receipt))
    return found
