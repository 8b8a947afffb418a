"""Front-end rejections (277CA): what the status codes complain of, and the form in which it is put right.

Source: X12 external code lists 507 (category) and 508 (status), as published; the meanings are our own words. A
rejected claim was never adjudicated: it is corrected and sent again, never appealed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Categories with which a claim comes back unread; A0 to A2 and A5 say that it was taken.
REJECTING: Mapping[str, str] = {
    "A3": "The claim was returned: it cannot be processed",
    "A4": "The claim was not found",
    "A6": "Information is missing",
    "A7": "Information is not valid",
    "A8": "Two members contradict each other",
}
_WRITTEN = re.compile(r"(A[0-9])[: ]([0-9]{1,3})(?:[: ]([A-Z0-9]{2}))?(?![A-Z0-9])")
# Who a status is about (code list 98), as the part of a member's name.
_PARTIES = {"85": "provider", "82": "provider", "77": "provider", "IL": "coverage", "QC": "patient", "PR": "payer"}
_NAMES = {"provider": ("provider.name",), "coverage": ("coverage.subscriberName",), "payer": ("payer.name",)}
_OF_PATIENT = ("patient.lastName", "patient.firstName")


@dataclass(frozen=True, slots=True)
class RejectionStatus:
    """A status code: its meaning, and the members of which one is wrong. None of them: it follows from the party."""

    code: str
    meaning: str
    members: tuple[str, ...] = ()


STATUSES: Mapping[str, RejectionStatus] = {
    one.code: one
    for one in (
        RejectionStatus("21", "Something is missing or not valid"),
        RejectionStatus("24", "We are not approved to send claims electronically", ("payer.electronicId",)),
        RejectionStatus("26", "The payer does not know who is named"),
        RejectionStatus("27", "The policy was cancelled", ("coverage.memberId", "claim.payerId")),
        RejectionStatus("29", "The subscriber and the policy number do not go together", ("coverage.memberId",)),
        RejectionStatus("30", "The subscriber and the member number do not go together", ("coverage.memberId",)),
        RejectionStatus("31", "The subscriber and the policyholder's name differ", ("coverage.subscriberName",)),
        RejectionStatus("32", "The policy number was not found", ("coverage.memberId",)),
        RejectionStatus("33", "The member number was not found", ("coverage.memberId",)),
        RejectionStatus("34", "The policyholder was not found", ("coverage.subscriberName",)),
        RejectionStatus("54", "It was processed before", ("claim.frequency",)),
        RejectionStatus("78", "It is being processed already", ("claim.frequency",)),
        RejectionStatus("84", "The service is not authorized", ("claim.authorizationId",)),
        RejectionStatus("85", "Another payer comes first", ("claim.payerId",)),
        RejectionStatus("88", "Not eligible on the day of service", ("claim.serviceDate", "claim.payerId")),
        RejectionStatus("91", "Not approved on the day of service", ("claim.serviceDate", "claim.providerId")),
        RejectionStatus("97", "The payer finds no eligibility", ("coverage.memberId", "claim.payerId")),
        RejectionStatus("116", "It was sent to the wrong payer", ("claim.payerId",)),
        RejectionStatus("125", "A name"),
        RejectionStatus("128", "The tax number", ("provider.taxId",)),
        RejectionStatus("145", "The specialty", ("provider.specialty",)),
        RejectionStatus("153", "An identifier"),
        RejectionStatus("157", "The sex", ("patient.sex",)),
        RejectionStatus("158", "The date of birth", ("patient.dateOfBirth",)),
        RejectionStatus("162", "The Medicare number", ("coverage.memberId",)),
        RejectionStatus("163", "The policy or group number", ("coverage.memberId",)),
        RejectionStatus("164", "The member number", ("coverage.memberId",)),
        RejectionStatus("178", "The amount that was billed", ("claim.amount",)),
        RejectionStatus("187", "The date of service", ("claim.serviceDate",)),
        RejectionStatus("252", "The authorization number", ("claim.authorizationId",)),
        RejectionStatus("254", "The principal diagnosis", ("claim.diagnosisCodes",)),
        RejectionStatus("255", "A diagnosis", ("claim.diagnosisCodes",)),
        RejectionStatus("400", "The amounts do not add up", ("claim.amount",)),
        RejectionStatus("402", "An amount must be more than nothing", ("claim.amount",)),
        RejectionStatus("453", "A modifier", ("claim.procedureCodes",)),
        RejectionStatus("454", "A procedure", ("claim.procedureCodes",)),
        RejectionStatus("464", "The payer's own number of the claim", ("claim.payerControlNumber",)),
        RejectionStatus("488", "The diagnoses of a service", ("claim.diagnosisCodes",)),
        RejectionStatus("496", "We are not approved to send for this provider", ("claim.providerId",)),
        RejectionStatus("504", "A last name"),
        RejectionStatus("505", "A first name"),
        RejectionStatus("507", "A procedure", ("claim.procedureCodes",)),
        RejectionStatus("510", "A date in the future", ("claim.serviceDate",)),
        RejectionStatus("535", "Whether it is a new claim or replaces one", ("claim.frequency",)),
        RejectionStatus("562", "The NPI", ("provider.npi",)),
    )
}
_DAY = {"type": "string", "format": "date"}
_SHORT = {"type": "string", "minLength": 1, "maxLength": 100}
_AMOUNT = {"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.01}
# The members that a claim itself has, as `correct_and_resubmit` takes them; others are put right in their own records.
CLAIM_FORM: Mapping[str, dict[str, Any]] = {
    "claim.serviceDate": _DAY | {"title": "Date of service"},
    "claim.amount": _AMOUNT | {"title": "Amount billed"},
    "claim.payerId": _SHORT | {"title": "Payer"},
    "claim.providerId": _SHORT | {"title": "Provider"},
    "claim.authorizationId": _SHORT | {"title": "Authorization"},
    "claim.payerControlNumber": _SHORT | {"title": "Payer's claim number"},
    "claim.procedureCodes": {"type": "array", "items": {"type": "string", "pattern": "^[A-Z0-9]{5}$"}, "maxItems": 50},
    "claim.diagnosisCodes": {"type": "array", "items": _SHORT, "maxItems": 12},
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that a rejection complains of: the code as it came, in words, and the members to look at."""

    code: str
    text: str
    members: tuple[str, ...]


def complaints(said: str | None) -> tuple[Complaint, ...]:
    """Read every `A7:562:85` in what a rejection said, each once; nothing where it holds no such code.

    A status that the table lacks is told as its category; so is one of a category that rejects nothing.
    """
    found: dict[str, Complaint] = {}
    for read in _WRITTEN.finditer((said or "").upper()):
        category, status, party = read.groups()
        if category in REJECTING:
            found.setdefault(read[0].replace(" ", ":"), _complaint(read[0], category, status, party))
    return tuple(found.values())


def members_of(said: str | None) -> tuple[str, ...]:
    """The members to correct, each once, in the order of the complaints."""
    return tuple(dict.fromkeys(member for one in complaints(said) for member in one.members))


def form_for(members: tuple[str, ...]) -> dict[str, Any] | None:
    """The JSON Schema of what can be corrected in the claim itself; None when that is nothing."""
    properties = {one.partition(".")[2]: CLAIM_FORM[one] for one in members if one in CLAIM_FORM}
    if not properties:
        return None
    return {"type": "object", "properties": properties, "minProperties": 1, "additionalProperties": False}


def _complaint(code: str, category: str, status: str, party: str | None) -> Complaint:
    row = STATUSES.get(status.lstrip("0"))
    text = REJECTING[category] if row is None else f"{REJECTING[category]}: {row.meaning}"
    members = () if row is None else row.members or _of_party(row.code, _PARTIES.get(party or ""))
    return Complaint(code.replace(" ", ":"), text, members)


def _of_party(status: str, party: str | None) -> tuple[str, ...]:
    """What a status says of whoever it names; nothing where it names nobody that we keep."""
    if party is None:
        return ()
    if status in {"26", "153"}:
        return {"provider": ("provider.npi",), "coverage": ("coverage.memberId",), "patient": _OF_PATIENT}.get(
            party, ("claim.payerId",)
        )
    if status in {"125", "504", "505", "21"}:
        return _NAMES.get(party, _OF_PATIENT)
    return ()
