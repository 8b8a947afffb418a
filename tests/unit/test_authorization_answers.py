"""What payers' answers mean, one by one and several services together; when an answer is old, known, or impossible."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.domain.authorization.answers import (
    STATE_BY_REVIEW_CODE,
    decision_from,
    decision_json,
    grant_of,
    reason_of,
    state_of,
)
from shared.domain.authorization.deciding import KEPT_DIGESTS, answered
from shared.domain.authorization.states import moved
from shared.errors import InvalidTransitionError, ValidationFailedError
from shared.models.authorization import DecisionLine, DecisionReason, ExtensionRequest, PayerDecision
from shared.models.records import Authorization
from tests.unit.factories import NOW, authorization

ZONE = ZoneInfo("America/Chicago")


def decision(code: Any = None, *lines: Any, **members: Any) -> PayerDecision:
    made = tuple(
        line if isinstance(line, DecisionLine) else DecisionLine(number, line)
        for number, line in enumerate(lines, start=1)
    )
    return PayerDecision(**{"source": "x12_278", "review_code": code, "lines": made} | members)


def asked(status: Any = "submitted", **members: Any) -> Authorization:
    given = {"units_requested": 6, "units_approved": None, "units_used": 0, "units_reserved": 0, "approved_date": None}
    return authorization(status=status, **given | members)


def apply(to: Authorization, what: PayerDecision, at: datetime = NOW) -> Authorization:
    return answered(to, what, received_at=at, zone=ZONE).authorization


def test_the_review_codes_mean_what_the_standard_says() -> None:
    assert STATE_BY_REVIEW_CODE == {
        "A1": "approved",
        "A2": "partially_approved",
        "A3": "denied",
        "A4": "pended",
        "A6": "modified",
        "C": "cancelled",
        "CT": "contact_payer",
        "NA": "not_required",
    }


@pytest.mark.parametrize(
    ("whole", "lines", "state"),
    [
        ("A1", (), "approved"),
        (None, ("A1", "A1"), "approved"),
        (None, ("A1", "A3"), "partially_approved"),
        ("A1", ("A1", "A3"), "partially_approved"),
        ("A3", ("A1", "A1"), "approved"),
        (None, ("A1", "A4"), "pended"),
        ("A4", ("A1", "A1"), "pended"),
        ("A4", (), "pended"),
        (None, ("A3", "CT"), "contact_payer"),
        (None, ("A4", "CT"), "pended"),
        (None, ("A1", "A6"), "modified"),
        (None, ("A1", "A2"), "partially_approved"),
        (None, ("A6", "A3"), "partially_approved"),
        (None, ("A3", "A3"), "denied"),
        (None, ("A3", "C"), "denied"),
        (None, ("C", "C"), "cancelled"),
        (None, ("A1", "C"), "partially_approved"),
        (None, ("NA", "NA"), "not_required"),
        (None, ("NA", "A1"), "approved"),
        (None, ("NA", "A3"), "partially_approved"),
        ("A1", (None,), "approved"),
    ],
)
def test_several_services_make_one_state(whole: Any, lines: tuple[Any, ...], state: str) -> None:
    assert state_of(decision(whole, *lines)) == state


def test_a_request_that_was_not_looked_at_is_an_error_and_no_denial() -> None:
    assert state_of(decision(rejections=(DecisionReason("72", "Invalid member id"),))) == "error"
    assert state_of(decision("A3", rejections=(DecisionReason("72"),))) == "denied"


def test_an_answer_that_says_nothing_is_refused() -> None:
    with pytest.raises(ValidationFailedError) as refused:
        state_of(decision())
    assert refused.value.errors[0].code == "no_decision"


def test_a_grant_is_what_the_whole_says_else_what_its_granted_services_say() -> None:
    first = DecisionLine(1, "A1", units=4, period_start=date(2026, 12, 1), period_end=date(2027, 1, 31))
    second = DecisionLine(2, "A6", units=2, period_end=date(2027, 3, 1), certification_number="C-2")
    refused = DecisionLine(3, "A3", units=9, period_end=date(2030, 1, 1))
    grant = grant_of(decision(None, first, second, refused))
    assert (grant.units, grant.period_start, grant.period_end) == (6, date(2026, 12, 1), date(2027, 3, 1))
    assert grant.certification_number == "C-2"
    assert grant_of(decision("A1", first, units=10, certification_number="C-1")).units == 10
    assert grant_of(decision(None, first, DecisionLine(2, "A1"))).units is None


def test_the_reason_is_the_payers_codes_and_words_once_each() -> None:
    line = DecisionLine(1, "A3", reasons=(DecisionReason("0V"), DecisionReason("0V")))
    told = decision("A3", line, reasons=(DecisionReason("0V", "Not medically necessary"),), notes=("Call us",))
    assert reason_of(told) == "0V Not medically necessary; 0V; Call us"
    assert reason_of(decision("A3")) is None
    assert len(reason_of(decision("A3", notes=("x" * 9000,))) or "") == 2000


def test_a_decision_is_kept_whole() -> None:
    line = DecisionLine(1, "A1", "99213", 3, date(2026, 12, 1), None, "C-1", (DecisionReason("0V"),))
    told = decision("A2", line, decided_at=NOW, decided_on=NOW.date(), trace_numbers=("T1",), unread=("?",))
    assert decision_from(json.loads(decision_json(told))) == told


@pytest.mark.parametrize("state", ["submitted", "pended", "contact_payer"])
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("A1", "approved"),
        ("A2", "partially_approved"),
        ("A3", "denied"),
        ("A4", "pended"),
        ("A6", "modified"),
        ("C", "cancelled"),
        ("CT", "contact_payer"),
        ("NA", "not_required"),
    ],
)
def test_each_answer_to_a_request_with_the_payer(state: Any, code: Any, expected: str) -> None:
    after = apply(asked(state, decision_due_at=NOW), decision(code, units=3, certification_number="C-9"))
    assert after.status == expected
    granted = expected in {"approved", "partially_approved", "modified"}
    assert (after.units_approved, after.certification_number) == ((3, "C-9") if granted else (None, None))
    assert (after.decision_due_at is None) == (expected not in {"pended", "contact_payer"})
    assert after.version == 2


def test_a_rejection_makes_a_request_an_error_with_the_reason() -> None:
    after = apply(asked(), decision(rejections=(DecisionReason("72", "Invalid member id"),)))
    assert (after.status, after.status_reason) == ("error", "72 Invalid member id")


@pytest.mark.parametrize(
    ("state", "code", "expected"),
    [
        ("extension_requested", "A1", "approved"),
        ("extension_requested", "A2", "approved"),
        ("extension_requested", "A6", "approved"),
        ("extension_requested", "A3", "denied"),
        ("extension_requested", "A4", "extension_requested"),
        ("extension_requested", "CT", "extension_requested"),
        ("peer_to_peer", "A1", "approved"),
        ("peer_to_peer", "A3", "denied_final"),
        ("peer_to_peer", "A4", "peer_to_peer"),
        ("appealed", "A1", "approved"),
        ("appealed", "A3", "denied_final"),
        ("appealed", "A4", "appealed"),
        ("approved", "A3", "revoked"),
        ("partially_approved", "C", "revoked"),
        ("modified", "A3", "revoked"),
    ],
)
def test_answers_after_the_first_decision(state: Any, code: Any, expected: str) -> None:
    assert apply(asked(state, units_approved=6), decision(code, units=2)).status == expected


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("draft", "A1"),
        ("denied", "A1"),
        ("denied_final", "A1"),
        ("cancelled", "A1"),
        ("revoked", "A1"),
        ("not_required", "A3"),
        ("error", "A1"),
        ("approved", "A4"),
        ("approved", "A1"),
        ("extension_requested", "NA"),
        ("appealed", "C"),
    ],
)
def test_an_answer_that_the_state_does_not_take_is_refused_with_the_steps_there_are(state: Any, code: Any) -> None:
    with pytest.raises(InvalidTransitionError) as refused:
        apply(asked(state), decision(code, units=2))
    assert "allowed" in refused.value.extra


def test_a_denial_without_a_reason_says_so() -> None:
    after = apply(asked(), decision("A3"))
    assert (after.status, after.status_reason) == ("denied", "The payer gave no reason")


def test_in_total_means_what_was_asked_for() -> None:
    after = apply(asked(), decision("A1", decided_on=date(2026, 11, 20)))
    assert (after.units_approved, after.period_start, after.period_end) == (6, date(2026, 11, 1), date(2026, 11, 30))
    assert after.approved_date == date(2026, 11, 20)
    assert apply(asked(), decision("A1")).approved_date == NOW.astimezone(ZONE).date()


@pytest.mark.parametrize("told", [decision("A2"), decision("A6"), decision("A2", period_end=date(2027, 1, 1))])
def test_less_than_was_asked_must_say_how_much(told: PayerDecision) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        apply(asked(), told)
    assert refused.value.errors[0].field == "decision.units"


def test_a_modified_grant_may_change_the_period_alone() -> None:
    after = apply(asked(), decision("A6", period_end=date(2026, 11, 15)))
    assert (after.units_approved, after.period_end) == (6, date(2026, 11, 15))


def test_a_grant_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValidationFailedError) as refused:
        apply(asked(), decision("A1", period_end=date(2026, 1, 1)))
    assert refused.value.errors[0].code == "before_start"


def test_an_extension_adds_its_units_and_moves_the_end() -> None:
    more = ExtensionRequest(NOW, 4, date(2027, 1, 31))
    held = asked("extension_requested", units_approved=6, extension=more, certification_number="C-1")
    whole = apply(held, decision("A1"))
    assert (whole.units_approved, whole.period_end, whole.extension) == (10, date(2027, 1, 31), None)
    less = apply(held, decision("A2", units=1, period_end=date(2026, 12, 15)))
    assert (less.status, less.units_approved, less.period_end) == ("approved", 7, date(2026, 12, 15))
    assert less.certification_number == "C-1"
    assert apply(replace(held, units_approved=None), decision("A1")).units_approved is None


def test_the_same_answer_twice_changes_nothing() -> None:
    told = decision("A1", decided_on=date(2026, 11, 20))
    first = answered(asked(), told, received_at=NOW, zone=ZONE)
    again = answered(first.authorization, told, received_at=NOW + timedelta(days=9), zone=ZONE)
    assert (first.effect, again.effect) == ("applied", "repeated")
    assert again.authorization is first.authorization


@pytest.mark.parametrize("source", ["manual", "fhir", "x12_278"])
def test_the_same_words_answer_another_question_when_a_person_enters_them(source: Any) -> None:
    told = decision("A1", source=source)
    granted = apply(asked(), told)
    waiting = moved(granted, "extend")
    assert waiting is not None
    again = answered(waiting, told, received_at=NOW, zone=ZONE)
    assert again.effect == ("applied" if source == "manual" else "repeated")


def test_an_answer_that_came_before_is_known_also_after_another() -> None:
    pended = decision("A4")
    after = apply(apply(asked(), pended), decision("A1"))
    assert answered(after, pended, received_at=NOW, zone=ZONE).effect == "repeated"


@pytest.mark.parametrize(
    ("recorded", "given", "effect"),
    [
        ({"decided_on": date(2026, 11, 20)}, {"decided_on": date(2026, 11, 19)}, "older"),
        ({"decided_on": date(2026, 11, 20)}, {"decided_on": date(2026, 11, 20)}, "applied"),
        (
            {"decided_at": datetime(2026, 11, 20, 12, tzinfo=UTC)},
            {"decided_at": datetime(2026, 11, 20, 11, tzinfo=UTC)},
            "older",
        ),
        # The same day where one gives only the day; 02:00 in Greenwich is the evening before in Chicago.
        ({"decided_at": datetime(2026, 11, 20, 20, tzinfo=UTC)}, {"decided_on": date(2026, 11, 20)}, "applied"),
        ({"decided_on": date(2026, 11, 20)}, {"decided_at": datetime(2026, 11, 20, 2, tzinfo=UTC)}, "older"),
        ({"decided_on": date(2026, 11, 20)}, {}, "applied"),
        ({}, {"decided_on": date(2020, 1, 1)}, "applied"),
    ],
)
def test_an_older_answer_does_not_turn_back_a_newer_one(
    recorded: dict[str, Any], given: dict[str, Any], effect: str
) -> None:
    pended = apply(asked(), decision("A4", **recorded))
    assert answered(pended, decision("A3", **given), received_at=NOW, zone=ZONE).effect == effect


@pytest.mark.parametrize(
    "members", [{"decided_on": NOW.date() + timedelta(days=3)}, {"decided_at": NOW + timedelta(days=2)}]
)
def test_an_answer_from_the_future_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        apply(asked(), decision("A1", **members))
    assert refused.value.errors[0].code == "in_the_future"
    assert apply(asked(), decision("A1", decided_at=NOW + timedelta(hours=20))).status == "approved"


def test_only_so_many_answers_are_remembered() -> None:
    held = asked("pended")
    for number in range(KEPT_DIGESTS + 5):
        held = apply(held, decision("A4", notes=(str(number),)))
    assert len(held.answer_digests) == KEPT_DIGESTS
    assert held.status_reason == str(KEPT_DIGESTS + 4)
