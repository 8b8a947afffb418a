"""E19 and E20: why there is no answer, what can be done about it, and when to ask again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.domain.check_schedule import next_attempt, used_up
from shared.domain.eligibility.registry import found, rule
from shared.models.payer_answer import CheckFailure, FailureKind, Rejection
from shared.models.records import Payer
from shared.models.verdict import Evidence

DATE_OF_BIRTH, LAST_NAME, FIRST_NAME = "patient.dateOfBirth", "patient.lastName", "patient.firstName"
SEX, MEMBER_ID, SUBSCRIBER = "patient.sex", "coverage.memberId", "coverage.subscriberName"
PLAN, SERVICE_DATE, SERVICE = "coverage.planName", "check.dateOfService", "check.serviceType"
PERSON = (MEMBER_ID, LAST_NAME, FIRST_NAME, DATE_OF_BIRTH)


@dataclass(frozen=True, slots=True)
class Reject:
    """What AAA03 code means: its published name, what kind of failure it is, and the members to correct."""

    name: str
    kind: FailureKind
    fields: tuple[str, ...] = ()


_CORRECT: FailureKind = "needs_correction"
_SETUP: FailureKind = "payer_setup"
_WINDOW: FailureKind = "date_window"
REJECTS: dict[str, Reject] = {
    "04": Reject("Authorized quantity exceeded", _SETUP),
    "15": Reject("Required application data missing", _CORRECT, PERSON),
    "33": Reject("Input errors", _CORRECT, PERSON),
    "41": Reject("Authorization or access restrictions", _SETUP),
    "42": Reject("Unable to respond at the current time", "retryable"),
    "43": Reject("Invalid or missing provider identification", _SETUP),
    "44": Reject("Invalid or missing provider name", _SETUP),
    "45": Reject("Invalid or missing provider specialty", _SETUP),
    "46": Reject("Invalid or missing provider phone number", _SETUP),
    "47": Reject("Invalid or missing provider state", _SETUP),
    "48": Reject("Invalid or missing referring provider identification", _SETUP),
    "49": Reject("Provider is not the primary care physician", _SETUP),
    "50": Reject("Provider ineligible for inquiries", _SETUP),
    "51": Reject("Provider not on file", _SETUP),
    "52": Reject("Service dates not within provider plan enrollment", _SETUP),
    "53": Reject("Inquired benefit inconsistent with provider type", _SETUP, (SERVICE,)),
    "54": Reject("Inappropriate product or service id qualifier", _CORRECT, (SERVICE,)),
    "55": Reject("Inappropriate product or service id", _CORRECT, (SERVICE,)),
    "56": Reject("Inappropriate date", _CORRECT, (SERVICE_DATE,)),
    "57": Reject("Invalid or missing date of service", _CORRECT, (SERVICE_DATE,)),
    "58": Reject("Invalid or missing date of birth", _CORRECT, (DATE_OF_BIRTH,)),
    "60": Reject("Date of birth follows date of service", _CORRECT, (DATE_OF_BIRTH, SERVICE_DATE)),
    "61": Reject("Date of death precedes date of service", _CORRECT, (SERVICE_DATE,)),
    "62": Reject("Date of service not within the allowable inquiry period", _WINDOW),
    "63": Reject("Date of service in the future", _WINDOW),
    "64": Reject("Invalid or missing patient id", _CORRECT, (MEMBER_ID,)),
    "65": Reject("Invalid or missing patient name", _CORRECT, (LAST_NAME, FIRST_NAME)),
    "66": Reject("Invalid or missing patient gender code", _CORRECT, (SEX,)),
    "67": Reject("Patient not found", _CORRECT, PERSON),
    "68": Reject("Duplicate patient id number", _CORRECT, (MEMBER_ID,)),
    "69": Reject("Inconsistent with patient's age", _CORRECT, (DATE_OF_BIRTH, SERVICE)),
    "70": Reject("Inconsistent with patient's gender", _CORRECT, (SEX, SERVICE)),
    "71": Reject("Patient birth date does not match the payer's", _CORRECT, (DATE_OF_BIRTH,)),
    "72": Reject("Invalid or missing subscriber id", _CORRECT, (MEMBER_ID,)),
    "73": Reject("Invalid or missing subscriber name", _CORRECT, (SUBSCRIBER,)),
    "74": Reject("Invalid or missing subscriber gender code", _CORRECT, (SEX,)),
    "75": Reject("Subscriber not found", _CORRECT, (MEMBER_ID, SUBSCRIBER, DATE_OF_BIRTH)),
    "76": Reject("Duplicate subscriber id number", _CORRECT, (MEMBER_ID,)),
    "77": Reject("Subscriber found, patient not found", _CORRECT, (LAST_NAME, FIRST_NAME, DATE_OF_BIRTH)),
    "78": Reject("Subscriber not in the group or plan identified", _CORRECT, (PLAN, MEMBER_ID)),
    "79": Reject("Invalid participant identification", _SETUP),
    "80": Reject("No response received, transaction terminated", "retryable"),
    "97": Reject("Invalid or missing provider address", _SETUP),
    "T4": Reject("Payer name or identifier missing", _SETUP),
}
# What stands in the way longest comes first: asking again is no use while something has to be corrected or set up.
_GRAVEST: tuple[FailureKind, ...] = ("payer_setup", "needs_correction", "date_window", "unsupported", "retryable")
# AAA04 for codes that are not in the table: resubmit the original, resubmission allowed, wait and resubmit.
_RESUBMIT = frozenset({"P", "R", "W", "X", "Y"})


@rule("E19", source="X12 005010X279A1, AAA03 (data element 901) and AAA04 (889)")
def failure_of(rejections: Sequence[Rejection], *, now: datetime | None = None, attempts: int = 1) -> CheckFailure:
    """E19: what a payer's reject codes mean: ask again, correct the named members, set up at the payer, other dates.

    Of several the gravest counts; every code, every member and the payer's own words are kept. What refuses one benefit
    alone counts only when nothing refuses the inquiry. A code that is not known is read by its follow-up
    action, and else a person must look at it.
    """
    rejections = [one for one in rejections if one.benefit is None] or rejections
    known = [_meaning(rejection) for rejection in rejections]
    kind = next(kind for kind in _GRAVEST if any(one.kind == kind for one in known))
    retry = retry_at(attempts, now) if kind == "retryable" and now is not None else None
    return CheckFailure(
        kind=kind,
        reason="rejected",
        codes=tuple(rejection.code for rejection in rejections),
        fields=tuple(dict.fromkeys(name for one in known for name in one.fields)),
        retry_at=retry,
        texts=tuple(rejection.text for rejection in rejections if rejection.text),
    )


def _meaning(rejection: Rejection) -> Reject:
    name = f"Rejected with code {rejection.code}"
    other = Reject(name, "retryable" if rejection.follow_up in _RESUBMIT else "needs_correction")
    return REJECTS.get(rejection.code, other)


@rule("E20")
def real_time_support(payer: Payer) -> CheckFailure | None:
    """E20: a payer without real-time support or without enrolment is not asked: a person calls, or uses its portal."""
    if payer.real_time_supported is False:
        return CheckFailure("unsupported", "not_supported")
    if payer.electronic_id is None:
        return CheckFailure("payer_setup", "not_enrolled", fields=("payer.electronicId",))
    return None


def retry_at(attempts: int, now: datetime) -> datetime | None:
    """When to ask again after `attempts` failed ones: after 1, 5, 30 and 120 minutes, and then no more by itself."""
    return next_attempt("retryable", attempts, now)


_TEXTS: dict[str, tuple[str, str, str]] = {
    "outside_window": ("E03", "date_window", "The payer does not answer for this date yet or any more"),
    "not_supported": ("E20", "no_real_time_support", "The payer answers no inquiries in real time"),
    "not_enrolled": ("E20", "payer_not_enrolled", "The payer's connection is not set up"),
    "timeout": ("E07", "payer_did_not_answer", "The payer did not answer in time"),
    "unreachable": ("E07", "payer_unreachable", "The payer could not be reached"),
    "not_asked": ("E07", "payer_not_asked", "There was no time left to ask the payer"),
    "file_changed": ("E07", "edited_while_asked", "The records were edited while the payer was asked"),
    "member_mismatch": ("E08", "member_mismatch", "The payer answered about somebody else"),
    "unreadable": ("E07", "answer_unreadable", "The payer's answer could not be read"),
}


@rule("E07")
def failed(failure: CheckFailure, source: str | None) -> Evidence:
    """E07: the evidence of a check that brought no answer; it says nothing about the coverage."""
    if failure.reason == "rejected":
        names = "; ".join(REJECTS[code].name if code in REJECTS else f"code {code}" for code in failure.codes)
        fields = ", ".join(failure.fields)
        text = f"The payer rejected the inquiry: {names}"
        codes = ", ".join(failure.codes)
        return found("E19", f"rejected_{failure.kind}", text, source, "AAA03", codes=codes, fields=fields)
    rule_id, code, text = _TEXTS.get(failure.reason, ("E07", "check_failed", "The check brought no answer"))
    when = {} if failure.retry_at is None else {"retry_at": failure.retry_at.isoformat(timespec="minutes")}
    return found(rule_id, code, text, source, None, kind=failure.kind, **when)


@rule("E19")
def nobody_asks_again(failure: CheckFailure, source: str | None) -> tuple[Evidence, ...]:
    """E19: that the attempts are used up, so that a person must ask; nothing while one is still to come."""
    if failure.retry_at is not None or not used_up(failure.kind, failure.attempts):
        return ()
    text = f"The payer was asked {failure.attempts} times and is not asked again by itself: a person must ask it"
    return (found("E19", "attempts_used_up", text, source, None, attempts=str(failure.attempts)),)
