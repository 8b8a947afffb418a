"""E19, E20: which coverages a payer is asked about, what is asked of it, and what its silence means for a check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from shared.domain.check_schedule import answered_from, next_attempt
from shared.domain.eligibility.coverage import ranked
from shared.domain.eligibility.dates import is_active, outside_window
from shared.domain.eligibility.failures import (
    DATE_OF_BIRTH,
    FIRST_NAME,
    LAST_NAME,
    MEMBER_ID,
    SERVICE_DATE,
    SEX,
    SUBSCRIBER,
    failure_of,
    real_time_support,
)
from shared.models.eligibility_inquiry import EligibilityInquiry, InquiredPerson, InquiryFailure, InquiryProvider
from shared.models.payer_answer import CheckFailure
from shared.models.records import Coverage, EligibilityFile, Patient, Payer
from shared.models.verdict import GivenAnswer

MOST_ASKED = 3
_SEXES = {"female": "F", "male": "M"}
_RELATIONSHIPS = {"spouse": "01", "child": "19"}
_OTHER_RELATIONSHIP = "34"
# What went wrong on the way, by the code that the payer connection gives it; other codes are kept as they are.
_REASONS = {
    "timeout": "timeout",
    "unreachable": "unreachable",
    "broken": "unreachable",
    "too_large": "unreadable",
    "not_x12": "unreadable",
    "no_271": "unreadable",
    "other_trace": "unreadable",
    "answer_truncated": "unreadable",
    "answer_unreadable": "unreadable",
    "answer_incomplete": "unreadable",
    "answer_empty": "unreadable",
    "date_window": "outside_window",
    "payer_not_connected": "not_enrolled",
}
_FIELDS = {
    "subscriber.member_id": MEMBER_ID,
    "dependent.member_id": MEMBER_ID,
    "subscriber.last_name": LAST_NAME,
    "subscriber.first_name": FIRST_NAME,
    "subscriber.date_of_birth": DATE_OF_BIRTH,
    "subscriber.gender": SEX,
    "dependent.last_name": LAST_NAME,
    "dependent.first_name": FIRST_NAME,
    "dependent.date_of_birth": DATE_OF_BIRTH,
    "dependent.gender": SEX,
    "date_of_service": SERVICE_DATE,
    "payer_id": "payer.electronicId",
    "payer_name": "payer.name",
}


def to_ask(file: EligibilityFile, on: date) -> list[Coverage]:
    """The coverages to ask about, first the first in rank: insured, and not over on that day by what is on file."""
    insured = (one for one in ranked(file.coverages) if one.payer_kind != "self_pay")
    return [one for one in insured if one.period_start is None or is_active(one, on)]


def not_to_ask(payer: Payer | None, on: date, *, now: datetime) -> CheckFailure | None:
    """Why this payer is not asked about this day; None when it is."""
    if payer is None:
        return CheckFailure("unsupported", "not_supported")
    return real_time_support(payer) or outside_window(on, now=now)


def inquiry_about(
    patient: Patient,
    coverage: Coverage,
    payer: Payer,
    provider: InquiryProvider,
    *,
    on: date,
    service: str,
    today: date,
    trace_number: str,
    control_number: int,
) -> EligibilityInquiry:
    """What is asked of the payer. A patient who is insured with somebody else is asked for as that one's dependent."""
    person = InquiredPerson(
        last_name=patient.last_name,
        first_name=patient.first_name,
        date_of_birth=patient.date_of_birth,
        gender=_SEXES.get((patient.sex or "").lower()),
    )
    as_dependent = coverage.relationship not in (None, "self")
    subscriber = InquiredPerson(
        last_name=None if as_dependent else person.last_name,
        first_name=None if as_dependent else person.first_name,
        date_of_birth=None if as_dependent else person.date_of_birth,
        member_id=coverage.member_id,
        gender=None if as_dependent else person.gender,
    )
    dependent = InquiredPerson(
        last_name=person.last_name,
        first_name=person.first_name,
        date_of_birth=person.date_of_birth,
        gender=person.gender,
        relationship=_RELATIONSHIPS.get(coverage.relationship or "", _OTHER_RELATIONSHIP),
    )
    return EligibilityInquiry(
        payer_name=payer.name,
        payer_id=payer.electronic_id,
        provider=provider,
        subscriber=subscriber,
        date_of_service=on,
        asked_on=today,
        trace_number=trace_number,
        control_number=control_number,
        dependent=dependent if as_dependent else None,
        service_types=(service,),
    )


def check_failure(failure: InquiryFailure, *, attempts: int, now: datetime, on: date | None = None) -> CheckFailure:
    """What a payer connection's failure means for a check: what to correct, and when to ask again by itself.

    A rejection keeps every code, member and word of the payer; what happened on the way is named by its reason. `on` is
    the day asked about: one that is still to come may be answered later.
    """
    retry = next_attempt(failure.kind, attempts, now, follow_up=failure.follow_up)
    if failure.kind == "date_window" and on is not None:
        retry = answered_from(on, now)
    if failure.rejections:
        told = failure_of(failure.rejections)
        return CheckFailure(failure.kind, told.reason, told.codes, told.fields, retry, told.texts, attempts)
    reason = _REASONS.get(failure.code, "unreachable" if failure.kind == "retryable" else failure.code)
    return CheckFailure(failure.kind, reason, fields=_members(failure.fields), retry_at=retry, attempts=attempts)


def still_about(
    file: EligibilityFile,
    answers: Sequence[GivenAnswer],
    *,
    asked_with: EligibilityFile,
    at: datetime,
    attempts: int = 1,
) -> tuple[GivenAnswer, ...]:
    """The answers for the file as it is now: where it was edited while payers were asked, they must be asked again."""
    if _asked_about(file) == _asked_about(asked_with):
        return tuple(answers)
    retry = next_attempt("retryable", attempts, at)
    changed = CheckFailure("retryable", "file_changed", retry_at=retry, attempts=attempts)
    return tuple(
        one if one.source == "on_file" else replace(one, answer=None, failure=changed, person=None) for one in answers
    )


def _asked_about(file: EligibilityFile) -> tuple[object, ...]:
    visit = file.context_visit or file.next_visit
    day = None if visit is None else (visit.visit_date, visit.visit_type)
    return file.patient.version, day, [(one.id, one.version) for one in ranked(file.coverages)]


def _members(fields: Sequence[str]) -> tuple[str, ...]:
    """The members that people know, for those of an inquiry. A subscriber who is not the patient is named as one."""
    dependent = any(field.startswith("dependent.") for field in fields)
    known = (
        SUBSCRIBER if dependent and field in {"subscriber.last_name", "subscriber.first_name"} else _FIELDS.get(field)
        for field in fields
    )
    return tuple(dict.fromkeys(member or field for member, field in zip(known, fields, strict=True)))
