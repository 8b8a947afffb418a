"""What a payer connection's failure means for a check, and that it never means "no"."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.domain.eligibility import replay
from shared.domain.eligibility.failures import REJECTS
from shared.domain.eligibility.inquiries import check_failure
from shared.models.eligibility_inquiry import InquiryFailure
from shared.models.payer_answer import Rejection
from shared.x12.codes import REJECT_REASONS
from tests.unit.eligibility.deciding import answered
from tests.unit.factories import NOW


def failure(kind: Any, code: str, **members: Any) -> InquiryFailure:
    return InquiryFailure(kind, code, "A sentence", **members)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (failure("retryable", "timeout"), "timeout"),
        (failure("retryable", "unreachable"), "unreachable"),
        (failure("retryable", "http_503"), "unreachable"),
        (failure("retryable", "answer_truncated"), "unreadable"),
        (failure("payer_setup", "http_401"), "http_401"),
        (failure("payer_setup", "ta1_006"), "ta1_006"),
        (failure("needs_correction", "member_mismatch"), "member_mismatch"),
        (failure("date_window", "date_window"), "outside_window"),
    ],
)
def test_what_happened_on_the_way_is_named_and_never_a_no(given: InquiryFailure, reason: str) -> None:
    made = check_failure(given, attempts=1, now=NOW)
    assert (made.kind, made.reason) == (given.kind, reason)
    assert made.retry_at == (NOW + timedelta(minutes=1) if given.kind == "retryable" else None)
    receipt = answered(made)
    assert (receipt.verdict, receipt.failure) == ("undetermined", made)


@pytest.mark.parametrize("code", sorted(REJECTS))
def test_a_rejection_keeps_code_words_and_members(code: str) -> None:
    kind = REJECT_REASONS[code].kind
    refused = Rejection(code, "subscriber", "C", "own words")
    made = check_failure(failure(kind, f"aaa_{code}", rejections=(refused,)), attempts=2, now=NOW)
    assert (made.kind, made.reason, made.codes, made.texts) == (REJECTS[code].kind, "rejected", (code,), ("own words",))
    assert made.fields == REJECTS[code].fields
    assert made.retry_at == (NOW + timedelta(minutes=5) if kind == "retryable" else None)


def test_the_payers_own_wait_counts() -> None:
    wait = failure("retryable", "aaa_42", rejections=(Rejection("42", "subscriber", "W"),), follow_up="W")
    assert check_failure(wait, attempts=1, now=NOW).retry_at == NOW + timedelta(days=30)
    never = failure("retryable", "aaa_42", rejections=(Rejection("42", "subscriber", "N"),), follow_up="N")
    assert check_failure(never, attempts=1, now=NOW).retry_at is None


@pytest.mark.parametrize("code", ["62", "63"])
def test_a_day_that_the_payer_does_not_answer_for_yet_is_asked_about_when_it_comes(code: str) -> None:
    given = failure("date_window", f"aaa_{code}", rejections=(Rejection(code, "subscriber", "C"),))
    tomorrow = NOW.date() + timedelta(days=1)
    midnight = datetime(2026, 11, 24, tzinfo=NOW.tzinfo)
    assert check_failure(given, attempts=1, now=NOW, on=tomorrow).retry_at == midnight
    for day in (NOW.date(), NOW.date() - timedelta(days=1), None):
        assert check_failure(given, attempts=1, now=NOW, on=day).retry_at is None


def test_the_last_attempt_says_that_a_person_must_ask() -> None:
    for attempts, told in ((4, False), (5, True)):
        made = check_failure(failure("retryable", "timeout"), attempts=attempts, now=NOW)
        receipt = answered(made)
        assert (receipt.verdict, receipt.status) == ("undetermined", "pending")
        assert receipt.evidence[0].code == "payer_did_not_answer"
        assert (receipt.fired("attempts_used_up") is not None) is told
        assert replay(receipt) == receipt


def test_what_refuses_one_benefit_does_not_speak_for_the_inquiry() -> None:
    both = (Rejection("42", "subscriber"), Rejection("75", "subscriber", benefit="271:EB[2]"))
    made = check_failure(failure("retryable", "aaa_42", rejections=both), attempts=1, now=NOW)
    assert (made.kind, made.codes) == ("retryable", ("42",))


def test_members_are_named_as_people_know_them() -> None:
    given = failure("needs_correction", "inquiry_required", fields=("dependent.date_of_birth", "subscriber.member_id"))
    assert check_failure(given, attempts=1, now=NOW).fields == ("patient.dateOfBirth", "coverage.memberId")
