"""What clears a reason, what a call says, and how a day is put into words: the front desk's pure rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from shared.auth.permissions import ROLES_BY_QUICK_ACTION
from shared.domain.eligibility import in_words
from shared.domain.visit import clearing
from shared.domain.visit.call_script import Numbers, Whom, script
from shared.domain.visit.day import DayFigures, NextPatient, day_facts, sentences
from shared.domain.visit.ground import DeskGround
from shared.domain.visit.guidance import guidance
from shared.domain.visit.readiness import HeldReadiness, settled
from shared.models.guidance import GuidanceAction
from shared.models.roles import Role
from shared.models.visit import DeskVisit, ReadinessReason, VisitStatus
from shared.modes.front_desk import FrontDeskModeHandler

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 3, 17, 12, tzinfo=ZONE)
VISIT = DeskVisit(
    UUID(int=7), "V-7", UUID(int=8), date(2026, 3, 17), NOW.astimezone(UTC), None, None, "office", None, "arrived", NOW
)
NUMBERS = Numbers("555-0199", "Bluestem", "555-0140", "W-1")


def reason(code: str, rule: str | None) -> ReadinessReason:
    return ReadinessReason(code, code.replace("_", " "), rule)


def ground(*reasons: ReadinessReason, copay: Decimal | None = None) -> DeskGround:
    visit = replace(VISIT, readiness="not_ready" if reasons else "ready", readiness_reasons=reasons)
    return DeskGround(visit, (), copay, None, NOW + timedelta(minutes=15), NOW)


@pytest.mark.parametrize(
    ("code", "rule", "action", "params"),
    [
        ("never_checked", "E04", "handoff", {"to": "eligibility"}),
        ("coverage_edited", "E04", "handoff", {"to": "eligibility"}),
        ("authorization_required", "E09", "handoff", {"to": "eligibility"}),
        ("authorization_misfit", "E10", "handoff", {"to": "eligibility"}),
        ("decision_overdue", "E23", "handoff", {"to": "eligibility"}),
        ("managed_plan", "E17", "handoff", {"to": "eligibility"}),
        ("verify_cob", "E18", "handoff", {"to": "eligibility"}),
        ("payer_not_enrolled", "E20", "handoff", {"to": "billing"}),
        ("rejected_payer_setup", "E19", "handoff", {"to": "billing"}),
        ("rejected_retryable", "E19", "call_script", {"whom": "payer"}),
        ("no_real_time_support", "E20", "call_script", {"whom": "payer"}),
        ("coverage_inactive", "E02", "call_script", {"whom": "patient"}),
        ("no_coverage_on_file", "E07", "call_script", {"whom": "patient"}),
        ("no_insurance", "E24", "call_script", {"whom": "patient"}),
        ("member_mismatch", "E08", "update_demographics", {}),
        ("rejected_needs_correction", "E19", "update_demographics", {}),
        ("something_new", None, "handoff", {"to": "eligibility"}),
    ],
)
def test_each_reason_has_the_action_that_clears_it(
    code: str, rule: str | None, action: str, params: dict[str, str]
) -> None:
    found = clearing.clearing_of(reason(code, rule))
    assert (found.action, found.params) == (action, params)


def test_a_statement_is_offered_to_whoever_is_there_and_owes() -> None:
    def offers(status: VisitStatus, owed: str) -> list[GuidanceAction]:
        here = replace(ground(), owed=Decimal(owed))
        here = replace(here, visit=replace(here.visit, status=status))
        return [one for one in guidance(here, Role.FRONT_DESK) if one.id == "front-desk.balance"]

    (offer,) = offers("arrived", "32.25")
    assert (offer.action, offer.params["template"]) == ("draft_email", "balance_reminder")
    assert offer.params["fields"] == {"claim.balance": "32.25"}
    assert offer.reason is not None
    assert offer.reason.text == "The patient owes $32.25"
    assert offers("arrived", "0") == offers("scheduled", "32.25") == offers("no_show", "32.25") == []


def test_every_action_of_guidance_exists_and_names_its_roles() -> None:
    reasons = [
        reason("member_mismatch", "E08"),
        reason("coverage_inactive", "E02"),
        reason("payer_not_enrolled", "E20"),
    ]
    for offer in guidance(ground(*reasons), Role.MANAGER):
        assert offer.action in FrontDeskModeHandler.actions()
        assert offer.action in ROLES_BY_QUICK_ACTION


def test_reasons_that_the_same_action_clears_share_a_button() -> None:
    two = (reason("authorization_required", "E09"), reason("authorization_misfit", "E10"))
    offers = [one for one in guidance(ground(*two), Role.MANAGER) if (one.id or "").startswith("front-desk.clear")]
    assert [one.id for one in offers] == ["front-desk.clear.authorization_required"]


def test_visit_of_which_nothing_is_known_was_never_checked() -> None:
    assert clearing.reasons_of("pending", ()) == (clearing.NEVER_CHECKED,)
    assert clearing.reasons_of("ready", (reason("coverage_inactive", "E02"),)) == ()


@pytest.mark.parametrize("whom", ["patient", "payer"])
def test_script_leaves_out_what_is_not_seen(whom: Whom) -> None:
    lines = script(ground(reason("coverage_inactive", "E02")), whom, Numbers(None, "Bluestem", None, None), ZONE)
    words = " ".join(line.text for line in lines)
    assert not [said for said in ("555", "W-1", "None") if said in words]


def test_every_line_can_be_translated() -> None:
    for whom in ("patient", "payer"):
        for line in script(ground(reason("verify_cob", "E18"), copay=Decimal(25)), whom, NUMBERS, ZONE):
            assert line.code
            assert all(str(value) in line.text for value in line.params.values())


def test_script_names_the_visits_time_at_the_practice() -> None:
    (line,) = [one for one in script(ground(), "patient", NUMBERS, ZONE) if one.code == "about_visit"]
    assert line.params == {"day": "2026-03-17", "time": "12:00"}


def test_payer_is_not_called_about_a_patient_without_one() -> None:
    lines = script(ground(), "payer", Numbers("555-0199", None, None, None), ZONE)
    assert [line.code for line in lines] == ["no_payer"]


def test_summary_fits_and_keeps_the_next_patient_whatever_the_names() -> None:
    following = NextPatient(UUID(int=1), "Xavier-Maximilian " * 30, NOW)
    codes = tuple(("authorization_required_for_" + "x" * 80, 3) for _ in range(5))
    figures = DayFigures(date(2026, 3, 17), 9999, 999, 999, 99, 999, codes, following)
    assert len(in_words(sentences(figures, ZONE, is_today=True))) <= 600


def test_facts_back_the_sentences() -> None:
    figures = DayFigures(date(2026, 3, 17), 9, 4, 3, 1, 2, (("coverage_inactive", 2),), None)
    told = " ".join(one.value for one in day_facts(figures, ZONE))
    params = sentences(figures, ZONE, is_today=True)[0].params
    assert all(str(params[name]) in told for name in ("total", "arrived", "checkedIn", "waitingTooLong", "notReady"))
    assert "on 2026-03-17" in sentences(figures, ZONE, is_today=False)[0].text


AUTHORIZATION, COVERAGE = reason("authorization_required", "E09"), reason("coverage_inactive", "E02")
OVERRIDDEN = HeldReadiness("ready", (AUTHORIZATION,), "manual")


@pytest.mark.parametrize(
    ("found", "stands"),
    [
        (HeldReadiness("not_ready", (AUTHORIZATION,)), True),
        (HeldReadiness("not_ready", (ReadinessReason("authorization_required", "other words", "E09"),)), True),
        (HeldReadiness("pending", (AUTHORIZATION,)), True),
        (HeldReadiness("not_ready", (COVERAGE,)), False),
        (HeldReadiness("not_ready", (AUTHORIZATION, COVERAGE)), False),
        (HeldReadiness("pending"), True),  # a check is on its way: the authorization lacks until it decides
        (HeldReadiness("ready"), False),
    ],
)
def test_override_stands_while_its_reasons_are_the_same(found: HeldReadiness, *, stands: bool) -> None:
    assert settled(OVERRIDDEN, found) == (None if stands else found)


def test_what_is_held_already_is_no_change() -> None:
    held = HeldReadiness("not_ready", (COVERAGE,))
    assert settled(held, HeldReadiness("not_ready", (COVERAGE,))) is None
    assert settled(held, HeldReadiness("not_ready", (AUTHORIZATION,))) is not None
