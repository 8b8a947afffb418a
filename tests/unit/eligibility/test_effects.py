"""What checks and authorizations bring about: each row of the tables, when it is wanted, and when no longer."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from shared.domain import eligibility
from shared.domain.authorization import effects as authorizations
from shared.domain.eligibility.effects import GUIDANCE, TASK_ROWS, Checked, difference_alert, effects_of
from shared.domain.rule_effects import RuleTask
from shared.models.authorization import AuthorizationState
from shared.models.identifiers import uuid7
from shared.models.payer_answer import CheckFailure, Rejection, RelatedEntity
from shared.models.records import EligibilityCheck
from shared.models.roles import Role
from shared.models.verdict import Change, Difference, VerdictReceipt
from tests.unit.eligibility.deciding import DAY, answered, decided
from tests.unit.factories import OTHER_PAYER, TODAY, answer, authorization, coverage, line, payer, rule, visit

CHICAGO = ZoneInfo("America/Chicago")
NOON = datetime(2026, 11, 23, 12, tzinfo=CHICAGO)
SPECIALIST, DESK, BILLER = "role:eligibility_specialist", "role:front_desk", "role:biller"


def checked(receipt: VerdictReceipt, *, newest: bool = True, now: datetime = NOON) -> Checked:
    check = EligibilityCheck(
        uuid7(), receipt.date_of_service, receipt.service_type, receipt.verdict, receipt.requires_auth,
        receipt.status, (), NOON,
    )  # fmt: skip
    return Checked(check, eligibility.situation_after(receipt, now=now), newest)


def wanted(receipt: VerdictReceipt, **members: Any) -> list[RuleTask]:
    return list(effects_of([checked(receipt, **members)]).tasks)


def booked(*coverages: Any, on: date = TODAY, **members: Any) -> VerdictReceipt:
    """The verdict for a visit that is booked on the day."""
    return decided(*coverages, on=on, next_visit=visit("office", on), **members)


def rejected(*codes: str) -> VerdictReceipt:
    return answered(answer(rejections=tuple(Rejection(code, "subscriber") for code in codes)))


NEEDS_AUTH = booked(coverage(), payer_rules=(rule(),))
GRANTED = booked(coverage(), payer_rules=(rule(),), authorizations=(authorization(period_end=TODAY + 60 * DAY),))
ENDING = booked(coverage(), payer_rules=(rule(),), authorizations=(authorization(period_end=TODAY + DAY),))
AWAITED = booked(
    coverage(), payer_rules=(rule(),), authorizations=(authorization(status="pended", requested_date=TODAY),)
)
INACTIVE = booked(coverage(period_end=TODAY - DAY))
PLAN = RelatedEntity("PRP", "SUNRISE MANAGED CARE")
MANAGED = answer(line("1", "30", insurance_type="MC"), line("MC", "30", entities=(PLAN,)))
DENIED, FAILED = (
    booked(
        coverage(),
        payer_rules=(rule(),),
        authorizations=(authorization(status=status, period_end=TODAY + DAY, service_type="98"),),
    )
    for status in ("denied", "error")
)
BESIDE = decided(
    coverage(),
    coverage(payer_id=OTHER_PAYER, rank=2),
    payers=(payer(program="medicare"), payer(id=OTHER_PAYER, program="medicare_advantage")),
)
LATER = CheckFailure("retryable", "timeout", retry_at=NOON + timedelta(minutes=5))


@pytest.mark.parametrize(
    ("key", "receipt", "rule_id", "pool", "priority"),
    [
        ("correct", rejected("72", "58"), "E19", DESK, "high"),
        ("switch_payer", answered(MANAGED), "E17", SPECIALIST, "high"),
        ("switch_on_file", BESIDE, "E17", SPECIALIST, "high"),
        ("enrolment", rejected("51"), "E20", BILLER, "high"),
        ("call_script", answered(CheckFailure("retryable", "timeout")), "E20", SPECIALIST, "normal"),
        ("call_script", decided(coverage(period_start=None)), "E20", SPECIALIST, "normal"),
        ("request_auth", NEEDS_AUTH, "E09", SPECIALIST, "high"),
        ("auth_requirement", booked(coverage(), payer_rules=(rule(requires_auth=None),)), "E09", SPECIALIST, "normal"),
        ("contact_patient", INACTIVE, "E07", DESK, "high"),
        ("extend", ENDING, "E11", SPECIALIST, "normal"),
        ("cob", decided(coverage(), coverage(rank=2, payer_id=OTHER_PAYER)), "E18", SPECIALIST, "normal"),
    ],
)
def test_each_situation_wants_its_task_and_no_other(
    key: str, receipt: VerdictReceipt, rule_id: str, pool: str, priority: str
) -> None:
    (task,) = wanted(receipt)
    assert task.reason.partition(":")[0] == key
    assert (task.rule, task.assigned_to, task.priority, task.type) == (rule_id, pool, priority, "shared")
    assert task.since == NOON


@pytest.mark.parametrize(
    "receipt",
    [
        GRANTED,
        booked(coverage()),
        DENIED,  # the request itself wants something
        FAILED,
        AWAITED,  # the request's own clock is on
        answered(LATER),  # asked again by itself
        decided(coverage(period_end=TODAY - DAY)),  # nobody comes
        booked(coverage(payer_kind="self_pay")),  # it is on file that there is no insurance
        decided(),  # there is no payer to call
    ],
)
def test_where_nobody_has_to_do_anything_nothing_is_wanted(receipt: VerdictReceipt) -> None:
    assert effects_of([checked(receipt)]).tasks == ()


def test_every_row_is_a_situation_of_guidance_and_is_tried_here() -> None:
    assert {row.key for row in TASK_ROWS} <= set(GUIDANCE)
    assert len({row.key for row in TASK_ROWS}) == len(TASK_ROWS)
    marks = test_each_situation_wants_its_task_and_no_other.pytestmark  # type: ignore[attr-defined]
    assert {case[0] for case in marks[0].args[1]} == {row.key for row in TASK_ROWS}


def test_no_task_is_for_a_pool_that_guidance_does_not_mean() -> None:
    for row in TASK_ROWS:
        assert row.pool in row.situation.roles


def test_what_to_correct_is_named_and_nobody_is() -> None:
    (task,) = wanted(rejected("72", "58"))
    assert task.description is not None
    assert task.description.endswith("coverage.memberId, patient.dateOfBirth")
    assert not {"Elena", "Vasquez", "BST553018842"} & set(f"{task.label} {task.description}".replace(",", "").split())


def test_an_authorization_is_requested_before_the_day_in_the_organisations_time() -> None:
    (task,) = wanted(booked(coverage(), payer_rules=(rule(),), on=date(2026, 12, 1)))
    assert task.due_at == datetime(2026, 12, 1, tzinfo=CHICAGO)
    assert task.also_about[0].startswith("rec:visit:")


def test_days_have_their_own_tasks_and_patients_one() -> None:
    first, second = (booked(coverage(), payer_rules=(rule(),), on=TODAY + days * DAY) for days in (3, 9))
    tasks = effects_of([checked(second), checked(first, newest=False)]).tasks
    assert [task.reason for task in tasks] == ["request_auth:2026-12-02", "request_auth:2026-11-26"]
    twice = effects_of([checked(rejected("72")), checked(rejected("72"), newest=False)]).tasks
    assert [task.reason for task in twice] == ["correct"]


def test_of_what_is_a_patients_the_newest_check_decides() -> None:
    assert effects_of([checked(booked(coverage())), checked(rejected("72"), newest=False)]).tasks == ()


def test_days_that_are_over_want_nothing() -> None:
    assert wanted(NEEDS_AUTH, now=NOON + DAY) == []
    assert wanted(INACTIVE, now=NOON + DAY) == []


def test_an_ending_authorization_is_told_once() -> None:
    first, again = (effects_of([checked(ENDING)]).alerts for _ in range(2))
    assert first == again
    assert [(one.rule, one.severity, one.message.code, one.counts) for one in first] == [
        ("E11", "info", "authorization_expiring", False)
    ]


def differing(*members: tuple[str, bool]) -> Difference:
    return Difference(uuid7(), tuple(Change(member, "a", "b", material) for member, material in members))


def test_what_does_not_matter_raises_no_alert() -> None:
    assert difference_alert("c", differing()) is None
    assert difference_alert("c", differing(("deductible_left", False))) is None


@pytest.mark.parametrize(
    ("member", "severity", "desk"),
    [
        ("verdict", "warning", True),
        ("payer", "warning", True),
        ("requires_auth", "warning", False),
        ("copay", "info", True),
        ("plan", "info", False),
        ("visits_left", "info", False),
    ],
)
def test_a_material_difference_raises_an_alert_for_those_it_matters_to(member: str, severity: str, desk: bool) -> None:
    alert = difference_alert("c1", differing((member, True), ("coinsurance", False)))
    assert alert is not None
    assert (alert.severity, Role.FRONT_DESK in alert.roles) == (severity, desk)
    assert (alert.reason, alert.cause, alert.counts) == (f"difference:{member}", "c1", True)
    assert alert.message.params == {"members": member}
    assert Role.ELIGIBILITY_SPECIALIST in alert.roles


def requests(status: AuthorizationState, **members: Any) -> list[RuleTask]:
    held = authorization(status=status, **{"period_end": TODAY + 30 * DAY} | members)
    return list(authorizations.effects_of([held], now=NOON).tasks)


@pytest.mark.parametrize(
    ("status", "reasons"),
    [
        ("denied", ["denied"]),
        ("error", ["request_error"]),
        ("contact_payer", ["contact_payer", "decision_overdue"]),
        ("submitted", ["decision_overdue"]),
        ("pended", ["decision_overdue"]),
        ("appealed", ["decision_overdue"]),
        ("draft", []),
        ("approved", []),
        ("denied_final", []),
        ("not_required", []),
        ("cancelled", []),
    ],
)
def test_each_state_of_a_request_wants_its_tasks(status: AuthorizationState, reasons: list[str]) -> None:
    found = requests(status, requested_date=TODAY)
    assert [task.reason.partition(":")[0] for task in found] == reasons
    assert {task.assigned_to for task in found} <= {SPECIALIST}


def test_the_clock_of_a_decision_is_scheduled_until_it_is_late_and_reminds_then() -> None:
    due = datetime(2026, 11, 30, 15, tzinfo=UTC)
    (task,) = requests("submitted", decision_due_at=due)
    assert (task.not_before, task.due_at, task.remind_at) == (due, due, (due,))
    (days,) = requests("submitted", requested_date=date(2026, 11, 20))
    assert days.not_before == datetime(2026, 11, 28, tzinfo=CHICAGO)
    (urgent,) = requests("submitted", requested_date=date(2026, 11, 20), urgency="urgent")
    assert urgent.not_before == datetime(2026, 11, 24, tzinfo=CHICAGO)
    assert requests("submitted", requested_date=None) == []


def test_a_request_that_is_sent_again_has_another_clock() -> None:
    of = uuid7()
    first, second = (requests("submitted", id=of, decision_due_at=NOON + days * DAY)[0].reason for days in (1, 2))
    assert first != second


def test_history_wants_nothing() -> None:
    assert requests("denied", period_end=TODAY - DAY) == []
    assert requests("submitted", period_end=None, requested_date=TODAY - 181 * DAY) == []
    assert len(requests("submitted", period_end=None, requested_date=TODAY - 180 * DAY)) == 1


def test_a_denial_is_told_to_those_who_can_contest_it() -> None:
    held = authorization(status="denied", period_end=TODAY + DAY)
    (alert,) = authorizations.effects_of([held], now=NOON).alerts
    assert (alert.severity, alert.message.code) == ("warning", "authorization_denied")
    assert alert.roles == (Role.ELIGIBILITY_SPECIALIST, Role.MANAGER)
    assert UUID(alert.reason.partition(":")[2]) == held.id
