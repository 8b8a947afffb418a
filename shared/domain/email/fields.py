"""The merge fields: what each is, where its value comes from, how a person reads it, and how much it discloses.

Only the last characters of an identifier are ever shown, whoever gets the e-mail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Literal

from shared.domain.email.phi import PhiKind
from shared.domain.email.plain_text import one_line, several_lines
from shared.models.firestore.drafts import PhiLevel

Form = Literal["text", "long_text", "day", "weekday", "time", "money", "last_four", "number", "codes", "link"]
Source = Literal[
    "patient", "visit", "claim", "authorization", "coverage", "payer", "provider", "organisation", "recipient", "author"
]
Value = str | int | Decimal | date | time | tuple[str, ...] | None
Values = Mapping[str, Value]

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LAST = 4


@dataclass(frozen=True, slots=True)
class MergeField:
    """One field. `kind` is what sort of health information its value is; None where it is none."""

    name: str
    label: str
    form: Form
    level: PhiLevel = "none"
    kind: PhiKind | None = None

    @property
    def source(self) -> str:
        """Which record it is read from; `author` is asked of who writes the e-mail."""
        return self.name.partition(".")[0]


_ROWS: tuple[MergeField, ...] = (
    MergeField("patient.first_name", "First name", "text", "low", "name"),
    MergeField("patient.last_name", "Last name", "text", "low", "name"),
    MergeField("patient.full_name", "Name of the patient", "text", "low", "name"),
    MergeField("patient.birth_date", "Date of birth", "day", "high", "birth_date"),
    MergeField("patient.mrn", "Last four of the medical record number", "last_four", "medium", "mrn"),
    MergeField("patient.phone", "Last four of the patient's phone number", "last_four", "medium", "contact"),
    MergeField("visit.date", "Date of the visit", "weekday", "low", "appointment"),
    MergeField("visit.time", "Time of the visit", "time", "low", "appointment"),
    MergeField("visit.provider", "Who the visit is with", "text", "low", "appointment"),
    MergeField("visit.location", "Where the visit is", "text", "low", "appointment"),
    MergeField("visit.type", "Kind of visit", "text", "medium", "service"),
    MergeField("visit.number", "Visit number", "text", "medium", "claim"),
    MergeField("claim.number", "Claim number", "text", "medium", "claim"),
    MergeField("claim.service_date", "Date of service", "day", "low", "appointment"),
    MergeField("claim.submitted_date", "Day the claim was sent", "day", "medium", "claim"),
    MergeField("claim.filing_deadline", "Last day to file", "day", "medium", "claim"),
    MergeField("claim.filed_in_time", "Last day to file, where the claim was sent by then", "day", "medium", "claim"),
    MergeField("claim.amount", "Amount billed", "money", "low", "money"),
    MergeField("claim.paid_amount", "Amount paid", "money", "low", "money"),
    MergeField("claim.balance", "Balance that the patient owes", "money", "low", "money"),
    MergeField("claim.status", "Status of the claim", "text", "medium", "claim"),
    MergeField("claim.denial_reason", "Reason of the denial", "text", "medium", "claim"),
    MergeField("claim.procedure_codes", "Procedures on the claim", "codes", "high", "service"),
    MergeField("claim.diagnosis_codes", "Diagnoses on the claim", "codes", "high", "diagnosis"),
    MergeField("authorization.number", "Authorization number", "text", "medium", "authorization"),
    MergeField("authorization.service", "Service that was asked for", "text", "medium", "service"),
    MergeField("authorization.requested_date", "Day of the request", "day", "low", "authorization"),
    MergeField("authorization.decision_due", "Day a decision was due", "day", "low", "authorization"),
    MergeField("authorization.period_start", "First day authorized", "day", "low", "authorization"),
    MergeField("authorization.period_end", "Last day authorized", "day", "low", "authorization"),
    MergeField("authorization.units_left", "Visits left", "number", "low", "authorization"),
    MergeField("authorization.status", "Status of the authorization", "text", "medium", "authorization"),
    MergeField("authorization.decision_reason", "Reason of the payer's decision", "text", "medium", "authorization"),
    MergeField("authorization.procedure_codes", "Procedures asked for", "codes", "high", "service"),
    MergeField("authorization.diagnosis_codes", "Diagnoses on the request", "codes", "high", "diagnosis"),
    MergeField("coverage.plan_name", "Plan", "text", "low", "coverage"),
    MergeField("coverage.member_id", "Last four of the member id", "last_four", "medium", "member_id"),
    MergeField("coverage.period_end", "Last day of the coverage", "day", "low", "coverage"),
    MergeField("coverage.copay", "Copay", "money", "low", "money"),
    MergeField("coverage.estimate", "Estimate of what the patient pays", "money", "low", "money"),
    MergeField("payer.name", "Payer", "text", "low", "coverage"),
    MergeField("payer.phone", "Phone number of the payer", "text"),
    MergeField("provider.name", "Provider", "text"),
    MergeField("provider.npi", "NPI of the provider", "text"),
    MergeField("organisation.name", "Name of the practice", "text"),
    MergeField("organisation.phone", "Phone number of the practice", "text"),
    MergeField("organisation.portal_link", "Address of the patient portal", "link"),
    MergeField("recipient.name", "Name of the recipient", "text"),
    MergeField("author.name", "Your name", "text"),
    MergeField("author.title", "Your position", "text"),
    MergeField("author.phone", "Your phone number", "text"),
    MergeField("author.reply_by", "Answer asked for by", "day"),
    MergeField("author.day", "Day that this is about", "day"),
    MergeField("author.note", "What you want to tell", "long_text"),
    MergeField("author.open_items", "What is still open", "long_text"),
    MergeField("author.documents", "Documents that are sent or asked for", "long_text"),
    MergeField("author.changes", "What was corrected", "long_text", "medium", "claim"),
    MergeField("author.specialty", "Specialty that the patient is referred to", "text", "medium", "service"),
    MergeField("author.clinical_reason", "Why the service is needed", "long_text", "high", "clinical"),
    MergeField("author.question", "Question about the documentation", "long_text", "high", "clinical"),
    MergeField("author.proposed_dates", "Dates that would suit", "text"),
    MergeField("author.installment", "Amount of one payment", "money", "low", "money"),
    MergeField("author.installments", "Number of payments", "number", "low", "money"),
    MergeField("author.first_payment_on", "Day of the first payment", "day", "low", "money"),
)
FIELDS: Mapping[str, MergeField] = {one.name: one for one in _ROWS}
# What a letter can lack and nobody can fill in: without the record it would say what is not so.
RECORDS: Mapping[str, str] = {
    "authorization.record": "An authorization in the state that the letter tells",
    "claim.record": "A claim in the state that the letter tells",
    "coverage.record": "A coverage in the state that the letter tells",
    "visit.record": "A visit in the state that the letter tells",
}


def label_of(name: str) -> str:
    """How what a letter lacks is called: a merge field, a record, or the address it goes to."""
    return FIELDS[name].label if name in FIELDS else RECORDS.get(name, "E-mail address")


def shown(field: MergeField, value: Value) -> str:
    """`value` as a person reads it; empty when there is none. Raises TypeError when it is of another type.

    Money is a Decimal, or whole cents as an int. A text in place of a day or an amount stands as it is.
    """
    if value is None or isinstance(value, str):
        return _text(field, value or "")
    if isinstance(value, tuple):
        return ", ".join(filter(None, map(one_line, value)))
    if field.form in ("day", "weekday") and isinstance(value, date):
        return _day(value, weekday=field.form == "weekday")
    if field.form == "time" and isinstance(value, time | datetime):
        return _time(value)
    if field.form == "money" and isinstance(value, Decimal | int) and not isinstance(value, bool):
        return _money(value)
    if field.form == "number" and isinstance(value, Decimal | int):
        return str(value)
    raise TypeError(f"{field.name} takes no {type(value).__name__}")


def _text(field: MergeField, value: str) -> str:
    if field.form == "long_text":
        return several_lines(value)
    text = one_line(value)
    return last_four(text) if field.form == "last_four" else text


def last_four(identifier: str) -> str:
    """The last four letters and digits of an identifier, never more than half of it; empty when there are none."""
    signs = [sign for sign in identifier if sign.isalnum()]
    return "".join(signs[-min(_LAST, len(signs) // 2) :]) if len(signs) > 1 else ""


def _day(day: date, *, weekday: bool) -> str:
    told = f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"
    return f"{_WEEKDAYS[day.weekday()]}, {told}" if weekday else told


def _time(moment: time | datetime) -> str:
    return f"{moment.hour % 12 or 12}:{moment.minute:02} {'AM' if moment.hour < 12 else 'PM'}"  # noqa: PLR2004


def _money(value: Decimal | int) -> str:
    amount = Decimal(value) / 100 if isinstance(value, int) else value
    return f"{'-' if amount < 0 else ''}${abs(amount):,.2f}"
