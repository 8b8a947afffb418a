"""The 270 (005010X279A1): what is asked about one person, as an interchange."""

from __future__ import annotations

import re

from shared.models.eligibility_inquiry import EligibilityInquiry, InquiredPerson, InquiryProvider
from shared.x12.errors import UnwritableValueError
from shared.x12.writing import Composite, Envelope, Repeated, Row, basic, write_interchange

VERSION = "005010X279A1"
FUNCTIONAL_ID = "HS"
_NPI = re.compile(r"[12][0-9]{9}", re.ASCII)
_NPI_PREFIX = "80840"  # of every NPI, for its check digit
_SERVICE_TYPE = re.compile(r"[A-Z0-9]{1,3}", re.ASCII)
_PROCEDURE = re.compile(r"(?:AD|CJ|HC|ID|IV|N4|ZZ):[A-Z0-9]{1,48}(?::[A-Z0-9]{2}){0,4}", re.ASCII)
_LONGEST = {"last_name": 60, "first_name": 35, "member_id": 80}


def write_inquiry(inquiry: EligibilityInquiry, envelope: Envelope) -> str:
    """The 270 of `inquiry`. Raises UnwritableValueError naming the member that is missing or cannot be said."""
    return write_interchange(envelope, "270", _rows(inquiry, envelope))


def is_npi(text: str) -> bool:
    """Whether `text` is a National Provider Identifier: ten digits whose last one is the check digit."""
    if not _NPI.fullmatch(text):
        return False
    digits = [int(sign) for sign in reversed(_NPI_PREFIX + text)]
    doubled = [digit if place % 2 == 0 else sum(divmod(digit * 2, 10)) for place, digit in enumerate(digits)]
    return sum(doubled) % 10 == 0


def _rows(inquiry: EligibilityInquiry, envelope: Envelope) -> list[Row]:
    """All segments between ST and SE."""
    _check(inquiry)
    trace = basic(inquiry.trace_number, "trace_number", longest=50)
    payer_id = basic(inquiry.payer_id or "", "payer_id", longest=80)
    payer = basic(inquiry.payer_name[:60], "payer_name", longest=60)
    asked: list[Row] = [("TRN", "1", trace, _originator(envelope.sender))]
    period_and_question: list[Row] = [_date(inquiry), _question(inquiry)]
    rows: list[Row] = [
        ("BHT", "0022", "13", trace, f"{inquiry.asked_on:%Y%m%d}", f"{envelope.at:%H%M}"),
        ("HL", "1", "", "20", "1"),
        ("NM1", "PR", "2", payer, "", "", "", "", "PI", payer_id),
        ("HL", "2", "1", "21", "1"),
        _provider(inquiry.provider),
    ]
    if inquiry.dependent is None:
        return [
            *rows,
            ("HL", "3", "2", "22", "0"),
            *asked,
            *_person("IL", inquiry.subscriber, "subscriber"),
            *period_and_question,
        ]
    return [
        *rows,
        ("HL", "3", "2", "22", "1"),
        *_person("IL", inquiry.subscriber, "subscriber"),
        ("HL", "4", "3", "23", "0"),
        *asked,
        *_person("03", inquiry.dependent, "dependent"),
        *period_and_question,
    ]


def _check(inquiry: EligibilityInquiry) -> None:
    """Refuse what no payer could answer: a person that nothing identifies, a provider or service that is none."""
    if not inquiry.payer_id:
        raise UnwritableValueError("payer_id", "required", "The payer's id is needed")
    if not inquiry.trace_number:
        raise UnwritableValueError("trace_number", "required", "A trace number is needed")
    role = "dependent" if inquiry.dependent else "subscriber"
    person = inquiry.patient
    for member in ("last_name", "first_name"):
        if not getattr(person, member):
            raise UnwritableValueError(f"{role}.{member}", "required", "The patient's name is needed")
    if person.date_of_birth is None and not person.member_id:
        raise UnwritableValueError(f"{role}.date_of_birth", "required", "The date of birth or a member id is needed")
    if inquiry.dependent and not inquiry.subscriber.member_id:
        raise UnwritableValueError("subscriber.member_id", "required", "The subscriber's member id is needed")
    if inquiry.provider.id_qualifier == "XX" and not is_npi(inquiry.provider.id):
        raise UnwritableValueError("provider.id", "npi_invalid", "The provider's NPI is not valid")
    if inquiry.date_of_service_end is not None and inquiry.date_of_service_end < inquiry.date_of_service:
        raise UnwritableValueError("date_of_service_end", "range_invalid", "The period ends before it starts")


def _provider(provider: InquiryProvider) -> Row:
    identified = (provider.id_qualifier, basic(provider.id, "provider.id", longest=80))
    name = basic(provider.name[:60], "provider.name", longest=60)
    if not name:
        raise UnwritableValueError("provider.name", "required", "The provider's name is needed")
    if provider.first_name:
        first = basic(provider.first_name, "provider.first_name", longest=35)
        return ("NM1", "1P", "1", name, first, "", "", "", *identified)
    return ("NM1", "1P", "2", name, "", "", "", "", *identified)


def _person(role: str, person: InquiredPerson, field: str) -> list[Row]:
    """NM1, then DMG and INS where there is something to say."""
    last, first, member = (
        basic(getattr(person, name) or "", f"{field}.{name}", longest=longest) for name, longest in _LONGEST.items()
    )
    identified = ("MI", member) if member else ("", "")
    rows: list[Row] = [("NM1", role, "1", last, first, "", "", "", *identified)]
    gender = person.gender if person.gender in {"M", "F"} else ""
    if person.date_of_birth is not None:
        rows.append(("DMG", "D8", f"{person.date_of_birth:%Y%m%d}", gender))
    elif gender:
        rows.append(("DMG", "", "", gender))
    if role == "03" and person.relationship in {"01", "19", "34"}:
        rows.append(("INS", "N", person.relationship))
    return rows


def _date(inquiry: EligibilityInquiry) -> Row:
    start, end = inquiry.date_of_service, inquiry.date_of_service_end
    if end is None or end == start:
        return ("DTP", "291", "D8", f"{start:%Y%m%d}")
    return ("DTP", "291", "RD8", f"{start:%Y%m%d}-{end:%Y%m%d}")


def _question(inquiry: EligibilityInquiry) -> Row:
    if inquiry.procedure is not None:
        if not _PROCEDURE.fullmatch(inquiry.procedure):
            raise UnwritableValueError("procedure", "pattern", "A procedure is given as HC:99213")
        return ("EQ", "", Composite(tuple(inquiry.procedure.split(":"))))
    if not inquiry.service_types or not all(_SERVICE_TYPE.fullmatch(one) for one in inquiry.service_types):
        raise UnwritableValueError("service_types", "pattern", "X12 service type codes are expected")
    return ("EQ", Repeated(inquiry.service_types))


def _originator(sender: str) -> str:
    """TRN03: ten characters, `9` for an id of our own choice."""
    return "9" + basic(sender, "sender", longest=15)[-9:].rjust(9, "0").replace(" ", "0")
