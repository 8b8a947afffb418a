"""What to say on the telephone about a visit, line by line, from what is on record.

Nobody is told what they must prove: the patient names the identifiers, the caller never reads them out. To a payer only
the member id is given. A number that the caller's role does not see is not passed in, and its line is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from shared.domain.visit.ground import DeskGround
from shared.models.firestore.alerts import Text
from shared.models.visit import ReadinessReason

Whom = Literal["patient", "payer"]


@dataclass(frozen=True, slots=True)
class Numbers:
    """Whom to call and what they need, as far as the caller's role sees it; None where it is not known or not seen."""

    patient_phone: str | None
    payer_name: str | None
    payer_phone: str | None
    member_id: str | None


def script(ground: DeskGround, whom: Whom, numbers: Numbers, zone: ZoneInfo) -> tuple[Text, ...]:
    """Return the lines of a call."""
    return tuple(_to_patient(ground, numbers, zone) if whom == "patient" else _to_payer(ground, numbers))


def _to_patient(ground: DeskGround, numbers: Numbers, zone: ZoneInfo) -> Iterator[Text]:
    visit, day = ground.visit, ground.visit.visit_date.isoformat()
    if numbers.patient_phone is not None:
        yield _line("dial_patient", f"Call {numbers.patient_phone}", phone=numbers.patient_phone)
    else:
        yield _line("no_patient_phone", "No telephone number is on record: ask for one at the visit")
    yield _line("greet_patient", "Say who you are and where you call from, and ask for the patient")
    yield _line(
        "confirm_identity", "Ask for two identifiers, such as full name and date of birth; do not read them out"
    )
    if visit.starts_at is None:
        yield _line("about_visit", f"We are calling about your visit on {day}", day=day)
    else:
        at = visit.starts_at.astimezone(zone).strftime("%H:%M")
        yield _line("about_visit", f"We are calling about your visit on {day} at {at}", day=day, time=at)
    for reason in ground.reasons:
        yield _ask_patient(reason)
    if ground.copay is not None and ground.copay > 0:
        amount = f"{ground.copay:.2f}"
        yield _line("tell_copay", f"A copay of ${amount} is due at the visit", amount=amount)
    yield _line("close_patient", "Ask whether the appointment still suits, and note the outcome of the call")


def _ask_patient(reason: ReadinessReason) -> Text:
    if reason.about_authorization:
        return _line("tell_authorization", "Your insurance asks for an authorization; we are taking care of it")
    if reason.rule_id == "E08" or reason.code == "rejected_needs_correction":
        return _line("ask_card_data", "Please read us name and member number as they stand on your insurance card")
    if reason.rule_id == "E18":
        return _line("ask_other_payer", "Do you have another insurance, and which one pays first?")
    return _line("ask_coverage", "Has your insurance changed? Please have your present card at hand")


def _to_payer(ground: DeskGround, numbers: Numbers) -> Iterator[Text]:
    day = ground.visit.visit_date.isoformat()
    if numbers.payer_name is None:
        yield _line("no_payer", f"No coverage is on record for {day}: call the patient first", day=day)
        return
    if numbers.payer_phone is not None:
        text = f"Call {numbers.payer_name} at {numbers.payer_phone}"
        yield _line("dial_payer", text, payer=numbers.payer_name, phone=numbers.payer_phone)
    else:
        text = f"No number of {numbers.payer_name} is on record: use the one on the insurance card"
        yield _line("no_payer_phone", text, payer=numbers.payer_name)
    yield _line("greet_payer", "Give the practice's name and NPI, and ask for provider services")
    if numbers.member_id is not None:
        yield _line("give_member", f"Member id {numbers.member_id}", memberId=numbers.member_id)
    yield _line("ask_active", f"Is the coverage active on {day}, and for this service?", day=day)
    if any(one.about_authorization for one in ground.reasons):
        yield _line("ask_authorization", "Is an authorization needed or on file, and until when does it hold?")
    yield _line("ask_copay", "What copay and deductible apply?")
    yield _line("close_payer", "Note the name of the person, the time and the reference number of the call")


def _line(code: str, text: str, **params: str) -> Text:
    return Text(code=code, params=dict(params), text=text)
