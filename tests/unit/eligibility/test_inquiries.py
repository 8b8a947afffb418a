"""What a payer connection's failure means for a check, and that it never means "no"."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

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


def test_what_refuses_one_benefit_does_not_speak_for_the_inquiry() -> None:
    both = (Rejection("42", "subscriber"), Rejection("75", "subscriber", benefit="271:EB[2]"))
    made = check_failure(failure("retryable", "aaa_42", rejections=both), attempts=1, now=NOW)
    assert (made.kind, made.codes) == ("retryable", ("42",))


def test_members_are_named_as_people_know_them() -> None:
    given = failure("needs_correction", "inquiry_required", fields=("dependent.date_of_birth", "subscriber.member_id"))
    assert check_failure(given, attempts=1, now=NOW).fields == ("patient.dateOfBirth", "coverage.memberId")
