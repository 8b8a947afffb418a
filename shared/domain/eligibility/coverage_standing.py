"""How a coverage stands on a day by all that is on file of it, for who tells a patient of it without asking anew."""

from __future__ import annotations

from datetime import date

from shared.domain.eligibility.coverage import CoverageState, plan_state
from shared.domain.eligibility.dates import in_periods, is_active
from shared.domain.eligibility.person import match_person
from shared.models.records import GENERAL_SERVICE, Coverage, CoverageStanding, EligibilityFile


def standing_on(coverage: Coverage, file: EligibilityFile, on: date) -> CoverageStanding:
    """Active, inactive, or unknown where it has not begun, or nobody knows when it did.

    What the payer itself answered last of this coverage, and no earlier than the file was edited, goes before the file;
    not what it answered about somebody else (E08), nor of a day on the other side of the coverage's first or last one.
    """
    said = _answered(coverage, file, on)
    if said is not None:
        return said
    if coverage.status != "active":
        return "inactive"
    if coverage.period_start is None or coverage.period_start > on:
        return "unknown"
    return "active" if is_active(coverage, on) else "inactive"


def _answered(coverage: Coverage, file: EligibilityFile, on: date) -> CoverageStanding | None:
    check = file.newest_check
    if check is None or check.coverage_id != coverage.id or check.source == "on_file" or check.answer is None:
        return None
    edited = coverage.updated_at
    if check.date_of_service > on or (edited is not None and check.checked_at < edited):
        return None
    if check.answer.person is not None and match_person(file.patient, check.answer.person) != "same":
        return None
    within = in_periods(check.answer.periods, on)
    if within is False:
        return "inactive"
    if within is None and is_active(coverage, check.date_of_service) != is_active(coverage, on):
        return None
    told: dict[CoverageState, CoverageStanding] = {"active": "active", "inactive": "inactive"}
    return told.get(plan_state(check.answer, GENERAL_SERVICE, on, None)[0])
