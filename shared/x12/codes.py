"""Published X12 code values that we act on or put into words.

Reject reason (element 901) and follow-up action (889) meanings were compared, in November 2026, with the 271 and 278
implementation guides as published by eedi.net (004010X092A1, 004010X094A2), with the 005010X279A1 lists of the open
parsers linuxforhealth-x12 and x12sdk, and with Availity's published list; see decision 0012.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.models.eligibility_inquiry import FailureKind

# E05 and the types that CAQH CORE asks every payer to answer.
SERVICE_TYPE_NAMES = {
    "1": "medical care",
    "30": "health benefit plan coverage",
    "33": "chiropractic",
    "35": "dental care",
    "47": "hospital",
    "48": "hospital, inpatient",
    "50": "hospital, outpatient",
    "86": "emergency services",
    "88": "pharmacy",
    "98": "professional visit, office",
    "AL": "vision",
    "MH": "mental health",
    "PT": "physical therapy",
    "UC": "urgent care",
}

FOLLOW_UP_ACTIONS = {
    "C": "Please correct and resubmit",
    "N": "Resubmission not allowed",
    "P": "Please resubmit original transaction",
    "R": "Resubmission allowed",
    "S": "Do not resubmit; inquiry initiated to a third party",
    "W": "Please wait 30 days and resubmit",
    "X": "Please wait 10 days and resubmit",
    "Y": "Do not resubmit; we will hold your request and respond again shortly",
}


@dataclass(frozen=True, slots=True)
class RejectReason:
    """What an AAA03 means, what kind of failure that is (E19), and which fields of the inquiry it is about.

    `patient.` stands for the dependent where there is one, else for the subscriber.
    """

    meaning: str
    kind: FailureKind
    fields: tuple[str, ...] = ()


def _correct(meaning: str, *fields: str) -> RejectReason:
    return RejectReason(meaning, "needs_correction", fields)


def _set_up(meaning: str, *fields: str) -> RejectReason:
    return RejectReason(meaning, "payer_setup", fields)


REJECT_REASONS: dict[str, RejectReason] = {
    "04": _set_up("Authorized quantity exceeded"),
    "15": _correct("Required application data missing"),
    "33": _correct("Input errors"),
    "35": _set_up("Out of network"),
    "41": _set_up("Authorization/access restrictions"),
    "42": RejectReason("Unable to respond at current time", "retryable"),
    "43": _set_up("Invalid/missing provider identification", "provider.id"),
    "44": _set_up("Invalid/missing provider name", "provider.name"),
    "45": _set_up("Invalid/missing provider specialty"),
    "46": _set_up("Invalid/missing provider phone number"),
    "47": _set_up("Invalid/missing provider state"),
    "48": _set_up("Invalid/missing referring provider identification number"),
    "49": _set_up("Provider is not primary care physician"),
    "50": _set_up("Provider ineligible for inquiries"),
    "51": _set_up("Provider not on file", "provider.id"),
    "52": _set_up("Service dates not within provider plan enrollment"),
    "53": _set_up("Inquired benefit inconsistent with provider type", "service_types"),
    "54": _correct("Inappropriate product/service id qualifier", "procedure"),
    "55": _correct("Inappropriate product/service id", "procedure"),
    "56": _correct("Inappropriate date", "date_of_service"),
    "57": _correct("Invalid/missing date(s) of service", "date_of_service"),
    "58": _correct("Invalid/missing date of birth", "patient.date_of_birth"),
    "60": _correct("Date of birth follows date(s) of service", "patient.date_of_birth", "date_of_service"),
    "61": _correct("Date of death precedes date(s) of service", "date_of_service"),
    "62": RejectReason("Date of service not within allowable inquiry period", "date_window", ("date_of_service",)),
    "63": RejectReason("Date of service in future", "date_window", ("date_of_service",)),
    "64": _correct("Invalid/missing patient id", "patient.member_id"),
    "65": _correct("Invalid/missing patient name", "patient.last_name", "patient.first_name"),
    "66": _correct("Invalid/missing patient gender code", "patient.gender"),
    "67": _correct("Patient not found", "patient.last_name", "patient.first_name", "patient.date_of_birth"),
    "68": _correct("Duplicate patient id number", "patient.member_id"),
    "69": _correct("Inconsistent with patient's age", "patient.date_of_birth"),
    "70": _correct("Inconsistent with patient's gender", "patient.gender"),
    "71": _correct("Patient birth date does not match that for the patient on the database", "patient.date_of_birth"),
    "72": _correct("Invalid/missing subscriber/insured id", "subscriber.member_id"),
    "73": _correct("Invalid/missing subscriber/insured name", "subscriber.last_name", "subscriber.first_name"),
    "74": _correct("Invalid/missing subscriber/insured gender code", "subscriber.gender"),
    "75": _correct("Subscriber/insured not found", "subscriber.member_id", "subscriber.last_name"),
    "76": _correct("Duplicate subscriber/insured id number", "subscriber.member_id"),
    "77": _correct("Subscriber found, patient not found", "patient.first_name", "patient.date_of_birth"),
    "78": _correct("Subscriber/insured not in group/plan identified", "payer_id", "subscriber.member_id"),
    "79": _set_up("Invalid participant identification", "payer_id"),
    "80": RejectReason("No response received, transaction terminated", "retryable"),
    "97": _set_up("Invalid or missing provider address"),
    "T4": _set_up("Payer name or identifier missing", "payer_id"),
}
