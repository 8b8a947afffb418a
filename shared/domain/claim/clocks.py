"""The clocks of a claim: until when it is filed, filed again corrected, and appealed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from shared.domain.claim.answers import NO_AUTHORIZATION
from shared.domain.claim.appeals import appeal_due, next_level
from shared.domain.claim.denials import parts_of
from shared.domain.eligibility.filing import UNKNOWN_DAYS, FilingDeadline, filing_deadline
from shared.domain.eligibility.registry import found
from shared.models.claim import BilledClaim, ClaimFile
from shared.models.records import Payer
from shared.models.verdict import Evidence

MEDICARE_REOPENING_DAYS = 365


def filing_of(claim: BilledClaim, payer: Payer | None, *, primary_eob: date | None = None) -> FilingDeadline | None:
    """E22: until when the claim is to be filed; None without a date of service. A rejection does not stop it.

    Another day that stands in the claim was entered, as an extension is, and holds.
    """
    if claim.service_date is None:
        return None
    is_secondary = claim.secondary_of_id is not None
    deadline = filing_deadline(claim.service_date, payer, secondary=is_secondary, primary_eob=primary_eob)
    entered = claim.filing_due_on
    if entered is None or entered == deadline.due:
        return deadline
    text = f"{entered}, as it was entered for this claim"
    evidence = found("E22", "filing_entered", text, f"claims/{claim.id}", "filing_due_on", due=entered)
    return replace(deadline, due=entered, confirmed=True, evidence=evidence)


def corrected_due(decided_on: date, payer: Payer | None) -> tuple[date, Evidence]:
    """Until when a claim that was decided on may be sent again, corrected.

    Medicare reopens for a year after its decision (42 CFR 405.980(b)); with other payers it is what their record says,
    else their time for filing anew from the decision, unconfirmed.
    """
    source = None if payer is None else f"payers/{payer.id}"
    if payer is not None and payer.program == "medicare":
        due = decided_on + timedelta(days=MEDICARE_REOPENING_DAYS)
        return due, found("E22", "corrected_medicare", "Medicare: one year after the decision", source, "program")
    if payer is not None and payer.correction_days is not None:
        days = payer.correction_days
        text = f"{days} days after the decision, as the payer's contract says"
        evidence = found("E22", "correction_days", text, source, "correction_days", days=days)
        return decided_on + timedelta(days=days), evidence
    days = UNKNOWN_DAYS if payer is None or payer.filing_days is None else payer.filing_days
    text = f"{days} days after the payer's decision, unconfirmed"
    return decided_on + timedelta(days=days), found("E22", "corrected_days", text, source, "filing_days", days=days)


def with_clocks(claim: BilledClaim, payer: Payer | None, *, primary_eob: date | None = None) -> BilledClaim:
    """The claim with every deadline that its dates and its payer give, beside those that were entered by people.

    No payer says until when an authorization is asked for afterwards: as long as the denial may be appealed.
    """
    filing = filing_of(claim, payer, primary_eob=primary_eob)
    after = replace(claim, filing_due_on=None if filing is None else filing.due)
    decided = claim.adjudicated_on
    if decided is None or claim.status not in {"denied", "underpaid", "partially_paid"}:
        return after
    appeal_by = claim.appeal_due_on or appeal_due(1, decided, payer)[0]
    return replace(
        after,
        corrected_due_on=_correct_by(claim, decided, payer),
        appeal_due_on=appeal_by,
        authorization_due_on=appeal_by if _wants_authorization(claim) else None,
    )


def decided_anew(
    file: ClaimFile, after: BilledClaim, *, appeal_by: date | None = None, correct_by: date | None = None
) -> BilledClaim:
    """`after` with the deadlines that run from its new decision, those of the decision before being over.

    For an appeal it is the time of the level that would be filed next, where one is left. `appeal_by` and `correct_by`
    are what the payer itself has said. The time for filing is not touched.
    """
    fresh = with_clocks(replace(after, appeal_due_on=appeal_by, corrected_due_on=correct_by), file.payer)
    due, decided = fresh.appeal_due_on, after.adjudicated_on
    if due is not None and appeal_by is None and decided is not None:
        over = [
            replace(one, status="lost", decided_on=max(decided, one.filed_on)) if one.status == "open" else one
            for one in file.appeals
        ]
        level = next_level(over, file.payer, decided)
        due = None if level is None else appeal_due(level, decided, file.payer)[0]
    return replace(fresh, appeal_due_on=due, filing_due_on=file.claim.filing_due_on)


def _correct_by(claim: BilledClaim, decided_on: date, payer: Payer | None) -> date | None:
    """Only what was denied is corrected."""
    return claim.corrected_due_on or corrected_due(decided_on, payer)[0] if claim.status == "denied" else None


def _wants_authorization(claim: BilledClaim) -> bool:
    parts = None if claim.denial_code is None else parts_of(claim.denial_code)
    return claim.status == "denied" and parts is not None and parts[1] in NO_AUTHORIZATION
