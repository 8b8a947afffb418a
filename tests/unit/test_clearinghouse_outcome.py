"""From a 271 to an answer about the person asked for, or a failure of a stated kind that says nothing personal."""

from __future__ import annotations

import pytest

from shared.clearinghouse.outcome import read_outcome
from shared.models.eligibility_inquiry import EligibilityInquiry, InquiryFailure, InquiryOutcome
from shared.models.payer_answer import PayerAnswer
from tests.unit.x12_samples import ACTIVE, HEADER_271, RECEIVER, answer_to, inquiry, interchange, mary


def outcome_of(text: str, about: EligibilityInquiry | None = None) -> InquiryOutcome:
    return read_outcome(text.encode(), about or inquiry())


def failure(text: str) -> tuple[str, str]:
    outcome = outcome_of(text)
    assert isinstance(outcome, InquiryFailure)
    assert not any(word in f"{outcome.code} {outcome.text}" for word in ("SMITH", "LOPEZ", "1943", "11122333301"))
    return outcome.kind, outcome.code


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        (("AAA*N**42*R",), ("retryable", "aaa_42")),
        (("AAA*N**80*R",), ("retryable", "aaa_80")),
        (("AAA*N**75*C",), ("needs_correction", "aaa_75")),
        (("AAA*N**79*N",), ("payer_setup", "aaa_79")),
        (("AAA*N**62*N",), ("date_window", "aaa_62")),
        (("AAA*N**63*N",), ("date_window", "aaa_63")),
        (("AAA*N**ZZ*C",), ("needs_correction", "aaa_other")),
        (("AAA*N**ZZ*R",), ("retryable", "aaa_other")),
        (("AAA*N",), ("needs_correction", "aaa_other")),
        (("AAA*N**42*R", "AAA*N**72*C"), ("needs_correction", "aaa_72")),
        (("AAA*N**72*C", "AAA*N**51*N"), ("payer_setup", "aaa_51")),
        (("AAA*N**75*C", "EB*6**30"), ("needs_correction", "aaa_75")),
        ((), ("retryable", "answer_empty")),
        (("MSG*HELLO",), ("retryable", "answer_empty")),
        (("DTP*291*D8*20260101",), ("retryable", "answer_empty")),
    ],
)
def test_rejected_or_empty_answer_is_a_failure(segments: tuple[str, ...], expected: tuple[str, str]) -> None:
    text = answer_to(*segments)
    outcome = outcome_of(text)
    assert isinstance(outcome, InquiryFailure)
    assert (outcome.kind, outcome.code) == expected
    assert outcome.answer is not None  # what the payer did say is kept
    assert len(outcome.rejections) == sum(one.startswith("AAA") for one in segments)


def test_rejection_names_the_fields_to_correct() -> None:
    text = answer_to("AAA*N**72*C", "AAA*N**58*C")
    outcome = outcome_of(text)
    assert isinstance(outcome, InquiryFailure)
    assert outcome.fields == ("subscriber.member_id", "subscriber.date_of_birth")
    assert outcome.text == "Invalid/missing subscriber/insured id"
    assert outcome.follow_up == "C"


def test_rejection_of_a_dependent_names_the_dependents_fields() -> None:
    text = interchange(
        *HEADER_271, *RECEIVER, "HL*3*2*22*1", "NM1*IL*1*SMITH*ROBERT****MI*1", "HL*4*3*23*0", "TRN*2*T-1*9",
        "NM1*03*1*SMITH*MARY", "AAA*N**58*C",
    )  # fmt: skip
    outcome = outcome_of(text, inquiry(dependent=mary()))
    assert isinstance(outcome, InquiryFailure)
    assert outcome.fields == ("dependent.date_of_birth",)


def test_rejection_of_one_benefit_beside_others_is_an_answer() -> None:
    text = answer_to(ACTIVE, "EB*V**98", "AAA*N**70*C")
    outcome = outcome_of(text)
    assert isinstance(outcome, PayerAnswer)
    assert [one.benefit for one in outcome.rejections] == ["271:EB[2]"]


def test_answer_to_another_inquiry_is_a_failure() -> None:
    text = answer_to(ACTIVE).replace("TRN*2*T-1*", "TRN*2*T-2*")
    assert failure(text) == ("retryable", "other_trace")


def test_trace_number_in_another_case_is_ours() -> None:
    text = answer_to(ACTIVE)
    assert isinstance(outcome_of(text, inquiry(trace_number="t-1")), PayerAnswer)


def test_answer_without_a_trace_number_counts_when_it_is_about_the_person() -> None:
    text = answer_to(ACTIVE).replace("TRN*2*T-1*9877281234~", "REF*18*1~")
    assert isinstance(outcome_of(text), PayerAnswer)


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("DMG*D8*19430519*M", "DMG*D8*19430520*M"),
        ("NM1*IL*1*SMITH*ROBERT****MI*11122333301", "NM1*IL*1*LOPEZ*ANA****MI*9"),
    ],
)
def test_answer_about_another_person_is_a_failure(said: str, instead: str) -> None:
    text = answer_to("EB*6**30")
    assert said in text
    text = text.replace(said, instead)
    outcome = outcome_of(text)
    assert isinstance(outcome, InquiryFailure)
    assert (outcome.kind, outcome.code) == ("needs_correction", "member_mismatch")
    assert outcome.answer is not None


def test_answer_about_nobody_is_a_failure() -> None:
    text = interchange(*HEADER_271, *RECEIVER, "HL*3*2*22*0", "TRN*2*T-1*9", "EB*6**30")
    assert failure(text) == ("needs_correction", "member_mismatch")


def test_of_a_family_the_person_asked_for_is_taken() -> None:
    family = (
        *HEADER_271, *RECEIVER, "HL*3*2*22*1", "TRN*2*T-1*9", "NM1*IL*1*SMITH*ROBERT****MI*11122333301", "EB*6**30",
        "HL*4*3*23*0", "TRN*2*T-1*9", "NM1*03*1*SMITH*MARY", "DMG*D8*19981014", "EB*1**30",
        "HL*5*3*23*0", "TRN*2*T-1*9", "NM1*03*1*SMITH*LUCY", "DMG*D8*20011014", "EB*6**30",
    )  # fmt: skip
    text = interchange(*family)
    outcome = outcome_of(text, inquiry(dependent=mary(last_name="Smith-Jones")))
    assert isinstance(outcome, PayerAnswer)
    assert outcome.person is not None
    assert outcome.person.first_name == "MARY"


@pytest.mark.parametrize("set_id", ["277", "835", "278", "999"])
def test_another_transaction_is_no_answer(set_id: str) -> None:
    text = interchange("AK9*A*1*1*1" if set_id == "999" else "BHT*1", set_id=set_id)
    assert failure(text) == ("retryable", "no_271")


def test_failure_never_shows_what_the_payer_said() -> None:
    assert "answer" not in repr(InquiryFailure("retryable", "x", "y", answer=PayerAnswer("SMITH", None, None)))
