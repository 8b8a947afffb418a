"""The 270 read back: what an inquiry asks, of whom, about whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from shared.models.eligibility_inquiry import EligibilityInquiry, InquiredPerson, InquiryProvider
from shared.x12.interchange import Interchange, Transaction
from shared.x12.parties import Party
from shared.x12.segments import Segment
from shared.x12.values import Notes, day, period

_SUBSCRIBER, _DEPENDENT = "22", "23"
_ROLES = {"20": "payer", "21": "provider"}


def read_inquiries(interchange: Interchange) -> tuple[EligibilityInquiry, ...]:
    """What the 270s of an interchange ask, one a patient. Without a date, the day of the inquiry is asked about."""
    number = int(interchange.control_number) if interchange.control_number.isdecimal() else 0
    return tuple(
        inquiry
        for transaction in interchange.transactions
        if transaction.set_id == "270"
        for inquiry in _read(transaction, number)
    )


@dataclass(slots=True)
class _Patient:
    """One HL 22 or 23 while it is read."""

    above: Party | None
    party: Party | None = None
    trace: str = ""
    first: date | None = None
    last: date | None = None
    service_types: list[str] = field(default_factory=list)
    procedure: str | None = None

    def take(self, segment: Segment, notes: Notes) -> None:
        if segment.id == "NM1":
            self.party = Party(segment)
        elif segment.id == "TRN":
            self.trace = segment[2]
        elif segment.id == "DTP" and (read := period(segment, notes)):
            self.first, self.last = read.start, read.end
        elif segment.id == "EQ":
            self.service_types += segment.repetitions(1)
            self.procedure = ":".join(segment.components(2)) or self.procedure
        elif self.party is not None:
            self.party.take(segment, notes)

    @property
    def asked(self) -> bool:
        return bool(self.service_types or self.procedure)


def _read(transaction: Transaction, number: int) -> list[EligibilityInquiry]:
    notes, level, asked_on = Notes(), "", date.min
    named: dict[str, Party] = {}
    patients: list[_Patient] = []
    subscriber: _Patient | None = None
    for segment in transaction.segments:
        if segment.id == "HL":
            level = segment[3]
            if level == _SUBSCRIBER:
                subscriber = _Patient(above=None)
                patients.append(subscriber)
            elif level == _DEPENDENT:
                patients.append(_Patient(above=subscriber.party if subscriber else None))
        elif segment.id == "BHT":
            asked_on = day(segment[4]) or date.min
        elif segment.id == "NM1" and level in _ROLES:
            named[_ROLES[level]] = Party(segment)
        elif level in {_SUBSCRIBER, _DEPENDENT}:
            patients[-1].take(segment, notes)
    return [_inquiry(patient, named, asked_on, number) for patient in patients if patient.asked]


def _inquiry(patient: _Patient, named: dict[str, Party], asked_on: date, number: int) -> EligibilityInquiry:
    payer, provider = named.get("payer"), named.get("provider")
    return EligibilityInquiry(
        payer_name=payer.name[3] if payer else "",
        payer_id=payer.id if payer else None,
        provider=InquiryProvider(
            name=provider.name[3] if provider else "",
            id=(provider.id or "") if provider else "",
            first_name=(provider.name[4] or None) if provider else None,
            id_qualifier=provider.name[8] if provider else "",
        ),
        subscriber=_person(patient.above or patient.party),
        dependent=_person(patient.party) if patient.above else None,
        date_of_service=patient.first or asked_on,
        date_of_service_end=patient.last,
        asked_on=asked_on,
        trace_number=patient.trace,
        control_number=number,
        service_types=tuple(patient.service_types),
        procedure=patient.procedure,
    )


def _person(party: Party | None) -> InquiredPerson:
    read = party.person() if party else None
    return InquiredPerson(
        last_name=read.last_name if read else None,
        first_name=read.first_name if read else None,
        date_of_birth=read.date_of_birth if read else None,
        member_id=read.member_id if read else None,
        gender=read.gender if read else None,
        relationship=read.relationship if read else None,
    )
