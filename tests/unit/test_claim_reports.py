"""What a claim status report (277, 277CA) makes of a claim."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.claim.posting import (
    Posted,
    Posting,
    reported_on,
)
from shared.domain.claim.states import STATUSES
from shared.models.claim import BilledClaim, ClaimStatus
from tests.unit.payments import NOW, SOURCE, TODAY, billed, status_of


def report(claim: BilledClaim, category: str, **changes: Any) -> Posting:
    return reported_on(claim, status_of(category, **changes), SOURCE, now=NOW, today=TODAY)


@pytest.mark.parametrize(
    ("before", "category", "after"),
    [
        ("submitted", "A2", "accepted"),
        ("submitted", "A3", "rejected"),
        ("submitted", "A6", "rejected"),
        ("submitted", "A7", "rejected"),
        ("submitted", "A8", "rejected"),
        ("submitted", "P1", "pended"),
        ("submitted", "R3", "pended"),
        ("accepted", "P3", "pended"),
    ],
)
def test_report_moves_a_claim(before: ClaimStatus, category: str, after: str) -> None:
    found = report(billed(status=before), category)
    assert isinstance(found, Posted)
    assert not found.noted
    assert found.claim.status == after
    assert found.claim.payer_control_number == "P-77"
    assert found.claim.pended_since == (status_of("P1").statuses[0].on if after == "pended" else None)
    assert found.claim.status_reason == (f"{category}:20" if after == "rejected" else None)


@pytest.mark.parametrize(
    ("categories", "after"),
    [
        (("A1", "A7"), "rejected"),
        (("A2", "A3"), "rejected"),
        (("A8", "A2"), "rejected"),
        (("A1", "A2"), "accepted"),
        (("A2", "P1"), "pended"),
        (("A1", "A0"), "submitted"),
        (("P1", "F1"), "submitted"),  # what is finalized waits for the remittance
    ],
)
def test_of_all_statuses_of_a_claim_the_strongest_counts(categories: tuple[str, ...], after: str) -> None:
    statuses = tuple(one for category in categories for one in status_of(category).statuses)
    found = report(billed(status="submitted"), "A0", statuses=statuses)
    assert isinstance(found, Posted)
    assert found.claim.status == after
    assert found.events[-1].details["codes"] == [f"{category}:20" for category in categories]
    if after == "rejected":
        assert found.claim.status_reason in {"A7:20", "A3:20", "A8:20"}


@pytest.mark.parametrize("days", [-1, 0, 1, 400])
def test_claim_is_pended_since_the_stated_day_but_never_in_the_future(days: int) -> None:
    stated = replace(status_of("P1").statuses[0], on=TODAY + timedelta(days=days))
    found = report(billed(), "P1", statuses=(stated,))
    assert isinstance(found, Posted)
    assert found.claim.pended_since == TODAY + timedelta(days=min(days, 0))


@pytest.mark.parametrize("category", ["A0", "A1", "A4", "A5", "F0", "F1", "F2", "F3", "F4", "E0", "D0"])
@pytest.mark.parametrize("status", ["submitted", "accepted", "pended", "paid", "denied"])
def test_report_without_a_step_is_noted(status: ClaimStatus, category: str) -> None:
    found = report(billed(status=status, payer_control_number="P-77"), category)
    assert isinstance(found, Posted)
    assert found.noted
    assert (found.claim.status, found.claim.version) == (status, 4)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("category", ["A1", "A2", "A3", "A7", "P2", "F2", "R1", "E1"])
def test_report_never_denies_and_never_reverses(status: ClaimStatus, category: str) -> None:
    found = report(billed(status=status), category)
    if isinstance(found, Posted):
        assert found.claim.status == status or found.claim.status in {"accepted", "pended", "rejected"}
        assert all(event.kind in {"accept", "pend", "reject", "status"} for event in found.events)


@pytest.mark.parametrize("status", ["accepted", "pended", "paid", "denied"])
def test_adjudicated_claim_is_not_rejected(status: ClaimStatus) -> None:
    assert report(billed(status=status), "A7") == "illegal_state"


@pytest.mark.parametrize("status", ["draft", "on_hold", "missing_information", "ready"])
def test_claim_that_was_not_sent_is_not_reported_on(status: ClaimStatus) -> None:
    assert report(billed(status=status), "A2") == "illegal_state"
