"""What summary, facts and guidance are made from: the file, its verdict, and how old the newest check is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.domain.eligibility.dates import stale_because
from shared.domain.eligibility.registry import found
from shared.models.records import EligibilityCheck, EligibilityFile
from shared.models.verdict import Evidence, VerdictReceipt


@dataclass(frozen=True, slots=True)
class Situation:
    """A verdict as of `now`, which carries the organisation's time zone. `stale` says why it must be checked anew."""

    receipt: VerdictReceipt
    now: datetime
    checked_at: datetime | None
    stale: Evidence | None
    in_flight: bool = False

    @property
    def codes(self) -> frozenset[str]:
        """The codes of everything that fired."""
        return frozenset(one.code for one in (*self.receipt.evidence, *self.receipt.suggestions))


def situation_of(file: EligibilityFile, receipt: VerdictReceipt, *, now: datetime) -> Situation:
    """Look at a verdict beside the newest check on file."""
    check = file.newest_check
    in_flight = check is not None and check.state in {"requested", "in_flight"}
    if check is None or in_flight:
        stale = None if in_flight else found("E04", "never_checked", "Eligibility was never checked")
        return Situation(receipt, now, None, stale, in_flight=in_flight)
    return Situation(receipt, now, check.checked_at, _stale(file, check, receipt, now))


def situation_after(receipt: VerdictReceipt, *, now: datetime) -> Situation:
    """Look at a verdict that a check has just brought."""
    return Situation(receipt, now, now, None)


def _stale(file: EligibilityFile, check: EligibilityCheck, receipt: VerdictReceipt, now: datetime) -> Evidence | None:
    coverage = next((one for one in file.coverages if one.id == receipt.coverage_id), None)
    payer = None if coverage is None else next((one for one in file.payers if one.id == coverage.payer_id), None)
    return stale_because(check.checked_at, now=now, coverage=coverage, payer=payer)
