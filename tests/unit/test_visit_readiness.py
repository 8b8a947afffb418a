"""An authorization that is known to lack stays known until a check decides again: its override is a manager's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.eligibility import readiness_of
from shared.domain.visit.readiness import HeldReadiness, settled
from shared.models.firestore.documents import ContextStatus
from shared.models.visit import ReadinessReason
from tests.unit.eligibility.deciding import decided
from tests.unit.factories import coverage, rule

LACKING = ReadinessReason("authorization_required", "needed", "E09")
EDITED = ReadinessReason("coverage_edited", "edited", "E04")
MISMATCH = ReadinessReason("member_mismatch", "differs", "E08")
NOT_READY = HeldReadiness("not_ready", (LACKING,))


@pytest.mark.parametrize(
    ("found", "reasons"),
    [
        (HeldReadiness("pending", (EDITED,)), (EDITED, LACKING)),
        (HeldReadiness(), (LACKING,)),
        (HeldReadiness("not_ready", (MISMATCH,), unsure=True), (MISMATCH, LACKING)),
    ],
)
def test_what_says_nothing_of_the_authorization_leaves_it_lacking(
    found: HeldReadiness, reasons: tuple[ReadinessReason, ...]
) -> None:
    kept = settled(NOT_READY, found)
    assert kept == replace(found, reasons=reasons)
    assert settled(kept, found) is None


@pytest.mark.parametrize(
    "found",
    [
        HeldReadiness("ready"),
        HeldReadiness("not_ready", (ReadinessReason("coverage_inactive", "ended", "E02"),)),
        HeldReadiness("pending", (ReadinessReason("decision_overdue", "late", "E23"),)),
    ],
)
def test_what_decides_or_speaks_of_the_authorization_takes_its_place(found: HeldReadiness) -> None:
    assert settled(HeldReadiness("pending", (EDITED, LACKING)), found) == found


def test_other_reasons_do_not_outlive_what_said_them() -> None:
    assert settled(HeldReadiness("not_ready", (MISMATCH,)), HeldReadiness()) == HeldReadiness()


@pytest.mark.parametrize("status", ["pending", "error"])
@pytest.mark.parametrize(("needed", "beside"), [(True, ["authorization_required"]), (False, [])])
def test_undetermined_verdict_does_not_hide_the_authorization(
    status: ContextStatus, needed: bool, beside: list[str]
) -> None:
    receipt = decided(coverage(), payer_rules=(rule(requires_auth=needed),))
    unsure = replace(receipt, verdict="undetermined", status=status)
    first = unsure.evidence[0].code
    assert [one.code for one in readiness_of(unsure).reasons] == [first, *beside]
