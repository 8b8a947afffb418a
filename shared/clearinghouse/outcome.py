"""From what came back to an answer about the person asked for, or a failure of a stated kind. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from shared.models.eligibility_inquiry import (
    EligibilityInquiry,
    FailureKind,
    InquiredPerson,
    InquiryFailure,
    InquiryOutcome,
)
from shared.models.payer_answer import AnsweredPerson, PayerAnswer, Rejection
from shared.x12.acknowledgement import read_refusal
from shared.x12.codes import REJECT_REASONS, RejectReason
from shared.x12.eligibility_answer import read_eligibility_answers
from shared.x12.errors import UnreadableInterchangeError
from shared.x12.interchange import Interchange, read_interchanges

# The strongest first: what a person must do comes before what only time heals.
_STRENGTH: tuple[FailureKind, ...] = ("payer_setup", "needs_correction", "date_window", "unsupported", "retryable")
_BY_FOLLOW_UP: dict[str, FailureKind] = {"P": "retryable", "R": "retryable", "W": "retryable", "X": "retryable"}


def read_outcome(content: bytes, inquiry: EligibilityInquiry) -> InquiryOutcome:
    """The outcome of `inquiry`, given the interchanges that answered it. Never raises."""
    try:
        interchanges = read_interchanges(content)
    except UnreadableInterchangeError as exc:
        code = "answer_truncated" if exc.reason in {"truncated", "isa_incomplete"} else "answer_unreadable"
        return InquiryFailure("retryable", code, f"The answer is no complete X12 interchange (segment {exc.segment})")
    return _about(interchanges, inquiry)


def _about(interchanges: Sequence[Interchange], inquiry: EligibilityInquiry) -> InquiryOutcome:
    refusal = read_refusal(interchanges)
    if refusal is not None:
        text = "; ".join(("The receiver refused the inquiry as it is written", *refusal.details))
        return InquiryFailure("payer_setup", refusal.code, text)
    transactions = [one for interchange in interchanges for one in interchange.transactions if one.set_id == "271"]
    if not transactions:
        return InquiryFailure("retryable", "no_271", "The answer holds no eligibility information")
    if any(transaction.incomplete for transaction in transactions):
        return InquiryFailure("retryable", "answer_incomplete", "The answer has not all the segments that it counts")
    answers = [answer for transaction in transactions for answer in read_eligibility_answers(transaction)]
    return _checked(_chosen(answers, inquiry), inquiry)


def _chosen(answers: Sequence[PayerAnswer], inquiry: EligibilityInquiry) -> PayerAnswer | None:
    """The answer to our trace number; without any trace numbers, the only one. One to another number is not ours."""
    ours = [answer for answer in answers if inquiry.trace_number.upper() in map(str.upper, answer.trace_numbers)]
    untraced = [answer for answer in answers if not answer.trace_numbers]
    candidates = ours or (untraced if len(untraced) == len(answers) else [])
    if len(candidates) > 1:  # a family under one number: the one person that was asked for
        candidates = [one for one in candidates if one.person and _may_be(inquiry.patient, one.person)]
    rejected = [answer for answer in answers if answer.person is None and answer.rejections]
    return candidates[0] if len(candidates) == 1 else rejected[0] if not candidates and rejected else None


def _checked(answer: PayerAnswer | None, inquiry: EligibilityInquiry) -> InquiryOutcome:
    if answer is None:
        return InquiryFailure("retryable", "other_trace", "The answer belongs to another inquiry")
    refused = tuple(one for one in answer.rejections if one.benefit is None)
    if refused or (answer.rejections and not answer.benefits):
        return _rejected(refused or answer.rejections, answer)
    if not answer.benefits:
        return InquiryFailure("retryable", "answer_empty", "The payer answered neither yes nor no", answer=answer)
    if answer.person is None or not _may_be(inquiry.patient, answer.person):
        text = "The answer is about another person than the one asked for"
        return InquiryFailure("needs_correction", "member_mismatch", text, fields=_identity(inquiry), answer=answer)
    return answer


def _rejected(rejections: Sequence[Rejection], answer: PayerAnswer) -> InquiryFailure:
    """E19: the failure that AAA segments mean. The strongest one counts; all are kept."""
    first = min(rejections, key=lambda one: _STRENGTH.index(_reason(one).kind))
    reason = _reason(first)
    role = "dependent" if answer.subscriber else "subscriber"
    fields = dict.fromkeys(field.replace("patient.", f"{role}.") for one in rejections for field in _reason(one).fields)
    return InquiryFailure(
        kind=reason.kind,
        code=f"aaa_{first.code if first.code in REJECT_REASONS else 'other'}",
        text=reason.meaning,
        fields=tuple(fields),
        follow_up=first.follow_up,
        rejections=tuple(rejections),
        answer=answer,
    )


def _reason(rejection: Rejection) -> RejectReason:
    """What a rejection means; a code that is not published goes by what the payer allows to do next."""
    known = REJECT_REASONS.get(rejection.code)
    kind = _BY_FOLLOW_UP.get(rejection.follow_up or "", "needs_correction")
    return known or RejectReason("The payer refused with a code that is not published", kind)


def _may_be(asked: InquiredPerson, answered: AnsweredPerson) -> bool:
    """Whether it can be the same person. Finer differences are the verdict's to judge (E08)."""
    if asked.date_of_birth and answered.date_of_birth and asked.date_of_birth != answered.date_of_birth:
        return False
    same_name = _same(asked.last_name, answered.last_name) or _same(asked.first_name, answered.first_name)
    same_id = bool(asked.member_id and answered.member_id) and _same(asked.member_id, answered.member_id)
    return same_name or same_id


def _same(left: str | None, right: str | None) -> bool:
    """Equal, or not known on one side."""
    return not left or not right or _letters(left) == _letters(right)


def _letters(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKD", text).upper() if sign.isalnum())


def _identity(inquiry: EligibilityInquiry) -> tuple[str, ...]:
    role = "dependent" if inquiry.dependent else "subscriber"
    return (f"{role}.last_name", f"{role}.first_name", f"{role}.date_of_birth", "subscriber.member_id")
