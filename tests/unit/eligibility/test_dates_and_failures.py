"""E03, E04, E19, E20: when a payer is asked, how long its answer is good, and what its refusals mean."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.domain.eligibility import failure_of, outside_window, real_time_support, retry_at
from shared.domain.eligibility.check_states import TRANSITIONS, allowed_moves, complete, fail, send
from shared.domain.eligibility.dates import plan_year, stale_because
from shared.domain.eligibility.failures import REJECTS
from shared.errors import InvalidTransitionError
from shared.models.payer_answer import CheckFailure, Rejection
from shared.models.records import EligibilityCheck, Payer
from tests.unit.eligibility.deciding import answered, the
from tests.unit.factories import NOW, PAYER, TODAY, answer, coverage, payer

CHICAGO = ZoneInfo("America/Chicago")
NOON = datetime(2026, 11, 23, 12, tzinfo=CHICAGO)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("on", "inside"),
    [
        (date(2025, 11, 22), False),
        (date(2025, 11, 23), True),
        (date(2026, 11, 23), True),
        (date(2026, 11, 30), True),
        (date(2026, 12, 1), False),
    ],
)
def test_e03_a_connection_answers_from_twelve_months_back_to_the_end_of_the_month(on: date, inside: bool) -> None:
    assert (outside_window(on, now=NOON) is None) == inside


def test_e03_a_day_to_come_is_asked_about_on_the_first_of_its_month() -> None:
    failure = outside_window(date(2027, 2, 14), now=NOON)
    assert failure == CheckFailure("date_window", "outside_window", retry_at=datetime(2027, 2, 1, tzinfo=CHICAGO))
    past = outside_window(date(2020, 1, 1), now=NOON)
    assert past is not None
    assert past.retry_at is None


def test_e03_the_month_is_the_organisations() -> None:
    last_evening = datetime(2026, 11, 30, 22, tzinfo=CHICAGO)
    assert last_evening.astimezone(UTC).month == 12
    assert outside_window(date(2026, 12, 1), now=last_evening) is not None
    assert outside_window(date(2026, 12, 1), now=last_evening + 2 * HOUR) is None


def test_e03_february_has_a_last_day() -> None:
    leap = datetime(2028, 2, 29, 12, tzinfo=CHICAGO)
    assert outside_window(date(2028, 2, 29), now=leap.replace(day=1)) is None
    assert outside_window(date(2027, 2, 28), now=leap) is None


def test_e03_a_day_outside_the_window_is_undetermined_and_the_file_is_not_asked() -> None:
    failure = outside_window(date(2027, 2, 14), now=NOON)
    assert failure is not None
    receipt = answered(failure, on=date(2027, 2, 14))
    assert (receipt.verdict, receipt.status) == ("undetermined", "pending")
    assert the(receipt, "date_window").rule == "E03"


def stale(checked_at: datetime, *, now: datetime = NOON, **members: object) -> str | None:
    held = coverage(updated_at=members.pop("updated_at", None))
    known = payer(**members) if members else None
    evidence = stale_because(checked_at, now=now, coverage=held, payer=known)
    return None if evidence is None else evidence.code


@pytest.mark.parametrize(
    ("age", "code"),
    [(timedelta(0), None), (72 * HOUR, None), (72 * HOUR + timedelta(seconds=1), "check_too_old")],
)
def test_e04_a_check_is_good_for_72_hours(age: timedelta, code: str | None) -> None:
    assert stale(NOON - age) == code


def test_e04_a_new_month_makes_it_stale_in_the_organisations_time() -> None:
    turn = datetime(2026, 11, 1, tzinfo=CHICAGO)
    assert stale(turn - HOUR, now=turn) == "month_turned"
    assert stale(turn, now=turn + HOUR) is None
    in_utc = datetime(2026, 12, 1, 3, tzinfo=UTC)
    assert stale(in_utc, now=datetime(2026, 11, 30, 22, tzinfo=CHICAGO)) is None


@pytest.mark.parametrize(("month", "code"), [(1, "month_turned"), (7, "plan_year_turned"), (8, "month_turned")])
def test_e04_a_new_plan_year_makes_it_stale(month: int, code: str) -> None:
    turn = datetime(2026, 7, 1, tzinfo=CHICAGO)
    assert stale(turn - HOUR, now=turn, plan_year_month=month) == code
    new_year = datetime(2027, 1, 1, tzinfo=CHICAGO)
    assert stale(new_year - HOUR, now=new_year) == "plan_year_turned"


def test_e04_plan_years_begin_in_their_month() -> None:
    assert [plan_year(date(2026, month, 1), 7) for month in (6, 7)] == [2025, 2026]
    assert [plan_year(date(2026, month, 1), 1) for month in (1, 12)] == [2026, 2026]


def test_e04_an_edited_coverage_must_be_checked_again() -> None:
    checked = NOON - HOUR
    assert stale(checked, updated_at=checked) is None
    assert stale(checked, updated_at=checked + timedelta(seconds=1)) == "coverage_edited"


RETRY, CORRECT, SETUP, WINDOW = "retryable", "needs_correction", "payer_setup", "date_window"
TABLE = {
    RETRY: ("42", "80"),
    CORRECT: ("58", "64", "65", "67", "68", "71", "72", "73", "75", "76"),
    SETUP: ("41", "43", "44", "45", "50", "51", "79"),
    WINDOW: ("62", "63"),
}


@pytest.mark.parametrize(("kind", "code"), [(kind, code) for kind, known in TABLE.items() for code in known])
def test_e19_each_reject_code_has_its_kind(kind: str, code: str) -> None:
    failure = failure_of([Rejection(code, "subscriber", "C", "THE PAYER'S OWN WORDS")])
    assert (failure.kind, failure.codes, failure.texts) == (kind, (code,), ("THE PAYER'S OWN WORDS",))
    assert bool(failure.fields) == (kind == CORRECT)


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("58", ("patient.dateOfBirth",)),
        ("65", ("patient.lastName", "patient.firstName")),
        ("72", ("coverage.memberId",)),
        ("73", ("coverage.subscriberName",)),
    ],
)
def test_e19_what_to_correct_is_named(code: str, fields: tuple[str, ...]) -> None:
    receipt = answered(answer(rejections=(Rejection(code, "subscriber"),)))
    assert receipt.failure is not None
    assert receipt.failure.fields == fields
    assert (receipt.verdict, receipt.status) == ("undetermined", "error")
    evidence = the(receipt, "rejected_needs_correction")
    assert (evidence.rule, evidence.element, evidence.params["codes"]) == ("E19", "AAA03", code)


def test_e19_of_several_the_gravest_counts_and_all_are_kept() -> None:
    several = [Rejection(code, "subscriber") for code in ("42", "72", "58", "72")]
    failure = failure_of(several, now=NOW)
    assert (failure.kind, failure.codes) == (CORRECT, ("42", "72", "58", "72"))
    assert failure.fields == ("coverage.memberId", "patient.dateOfBirth")
    assert failure.retry_at is None
    assert failure_of([*several, Rejection("51", "information_receiver")]).kind == SETUP


@pytest.mark.parametrize(
    ("follow_up", "kind"), [("R", RETRY), ("P", RETRY), ("C", CORRECT), ("N", CORRECT), (None, CORRECT)]
)
def test_e19_an_unknown_code_is_read_by_its_follow_up(follow_up: str | None, kind: str) -> None:
    assert failure_of([Rejection("ZZ", "subscriber", follow_up)]).kind == kind
    assert "ZZ" not in REJECTS


def test_e19_asking_again_waits_longer_each_time_and_ends() -> None:
    waits = [retry_at(attempts, NOW) for attempts in range(6)]
    assert [None if at is None else (at - NOW).total_seconds() / 60 for at in waits] == [None, 1, 5, 30, 120, None]
    assert failure_of([Rejection("42", "information_source")], now=NOW, attempts=2).retry_at == NOW + timedelta(
        minutes=5
    )


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"real_time_supported": False, "electronic_id": "60054"}, "not_supported"),
        ({"real_time_supported": True}, "not_enrolled"),
        ({"electronic_id": None}, "not_enrolled"),
        ({"electronic_id": "60054"}, None),
        ({"electronic_id": "60054", "real_time_supported": True}, None),
    ],
)
def test_e20_a_payer_without_support_or_enrolment_is_not_asked(members: dict[str, object], reason: str | None) -> None:
    failure = real_time_support(Payer(PAYER, "Bluestem", **members))  # type: ignore[arg-type]
    assert (failure and failure.reason) == reason


@pytest.mark.parametrize(
    ("kind", "code"), [("not_supported", "no_real_time_support"), ("not_enrolled", "payer_not_enrolled")]
)
def test_e20_not_being_asked_is_undetermined(kind: str, code: str) -> None:
    receipt = answered(CheckFailure("unsupported" if kind == "not_supported" else "payer_setup", kind))
    assert (receipt.verdict, receipt.status) == ("undetermined", "pending")
    assert the(receipt, code).rule == "E20"


CHECK = EligibilityCheck(
    id=PAYER, date_of_service=TODAY, service_type="30", verdict="undetermined", requires_auth=None, status="pending",
    reasons=(), checked_at=NOW, state="requested",
)  # fmt: skip


def test_a_check_goes_its_way_and_counts_its_attempts() -> None:
    flying = send(CHECK)
    assert (flying.state, flying.attempts) == ("in_flight", 1)
    done = complete(flying, answer())
    assert (done.state, done.answer, allowed_moves(done)) == ("completed", answer(), [])


def test_a_retryable_failure_is_sent_again_until_the_attempts_are_used_up() -> None:
    check, waits = CHECK, []
    for _ in range(5):
        check = fail(send(check), CheckFailure("retryable", "timeout"), at=NOW)
        waits.append(check.next_attempt_at)
    assert [None if at is None else (at - NOW).total_seconds() / 60 for at in waits] == [1, 5, 30, 120, None]
    assert allowed_moves(check) == []
    with pytest.raises(InvalidTransitionError) as refused:
        send(check)
    assert refused.value.extra["allowed"] == []


@pytest.mark.parametrize("kind", ["needs_correction", "payer_setup", "unsupported"])
def test_what_a_person_must_do_is_not_sent_again(kind: str) -> None:
    failed = fail(send(CHECK), CheckFailure(kind, "rejected"), at=NOW)  # type: ignore[arg-type]
    assert (failed.state, failed.next_attempt_at, allowed_moves(failed)) == ("failed", None, [])


def test_a_date_to_come_is_sent_again_when_its_month_begins() -> None:
    first = datetime(2027, 2, 1, tzinfo=UTC)
    failed = fail(send(CHECK), CheckFailure("date_window", "outside_window", retry_at=first), at=NOW)
    assert (failed.next_attempt_at, allowed_moves(failed)) == (first, ["send"])
    assert send(failed).next_attempt_at is None


@pytest.mark.parametrize("state", ["requested", "in_flight", "completed", "failed"])
def test_every_other_move_is_refused_with_what_there_is(state: str) -> None:
    check = replace(CHECK, state=state)  # type: ignore[arg-type]
    allowed = [name for name, (sources, _) in TRANSITIONS.items() if state in sources and state != "failed"]
    assert allowed_moves(check) == allowed
    for name, run in (("send", send), ("complete", lambda one: complete(one, answer()))):
        if name not in allowed:
            with pytest.raises(InvalidTransitionError):
                run(check)
