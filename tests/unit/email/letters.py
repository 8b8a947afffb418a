"""Values for letters: a demo patient, values that are canaries, and what people fill in."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

from shared.domain.email.fields import FIELDS, Value
from shared.domain.email.findings import Known

PRACTICE: dict[str, Value] = {
    "organisation.name": "Riverside Family Practice",
    "organisation.phone": "(555) 555-0100",
    "organisation.portal_link": "https://portal.riverside.example/",
    "author.name": "Dana Whitfield",
    "author.title": "Eligibility Specialist",
    "author.phone": "(555) 555-0101",
    "recipient.name": "Utilization Management",
    "provider.name": "Amara Okonkwo, MD",
    "provider.npi": "1932104885",
    "payer.phone": "(555) 555-0140",
}
# What no record holds, as people fill it into the form.
ANSWERS: dict[str, Value] = {
    "author.reply_by": date(2026, 4, 17),
    "author.day": date(2026, 4, 2),
    "author.note": "The portal shows the request as received.\nIt was sent on time.",
    "author.open_items": "Call the plan back.\nBook the room.",
    "author.documents": "Visit notes\nImaging report",
    "author.changes": "The modifier of the second line.",
    "author.specialty": "rheumatology",
    "author.clinical_reason": "Conservative treatment was tried for six weeks without relief.",
    "author.question": "Which knee was examined?",
    "author.proposed_dates": "Monday at noon, or Tuesday at 9",
    "author.installment": Decimal("60.80"),
    "author.installments": 3,
    "author.first_payment_on": date(2026, 5, 1),
    "claim.balance": Decimal("182.40"),
    "coverage.estimate": Decimal("45.00"),
}
DEMO: dict[str, Value] = {
    **PRACTICE,
    **ANSWERS,
    "patient.first_name": "Elena",
    "patient.last_name": "Vasquez",
    "patient.full_name": "Elena Vasquez",
    "patient.birth_date": date(1981, 4, 3),
    "patient.mrn": "MRN553",
    "patient.phone": "(212) 555-0188",
    "visit.date": date(2026, 3, 5),
    "visit.time": time(14, 30),
    "visit.provider": "Amara Okonkwo, MD",
    "visit.location": "12 River Street",
    "visit.type": "office visit",
    "visit.number": "VIS-2041",
    "claim.number": "CLM-88",
    "claim.service_date": date(2026, 1, 12),
    "claim.submitted_date": date(2026, 1, 15),
    "claim.filing_deadline": date(2026, 7, 11),
    "claim.filed_in_time": date(2026, 7, 11),
    "claim.amount": Decimal("182.40"),
    "claim.paid_amount": Decimal("0.00"),
    "claim.status": "denied",
    "claim.denial_reason": "CO-197",
    "claim.procedure_codes": ("97110",),
    "claim.diagnosis_codes": ("M54.50", "G89.29"),
    "authorization.number": "AUTH-7",
    "authorization.service": "physical therapy",
    "authorization.requested_date": date(2026, 2, 2),
    "authorization.decision_due": date(2026, 2, 9),
    "authorization.period_start": date(2026, 3, 1),
    "authorization.period_end": date(2026, 8, 31),
    "authorization.units_left": 12,
    "authorization.status": "pended",
    "authorization.decision_reason": "more information needed",
    "authorization.procedure_codes": ("97110",),
    "authorization.diagnosis_codes": ("M54.50",),
    "coverage.plan_name": "Bluestem Choice PPO",
    "coverage.member_id": "BST553018842",
    "coverage.period_end": date(2026, 12, 31),
    "coverage.copay": Decimal("25.00"),
    "payer.name": "Bluestem Health Plan",
}
KNOWN = Known(DEMO, diagnoses=("Low back pain", "M54.50"))


def canaries() -> dict[str, Value]:
    """A value for every field that is found nowhere else, so that whoever meets it knows where it came from."""
    values: dict[str, Value] = {}
    for number, field in enumerate(FIELDS.values()):
        match field.form:
            case "day" | "weekday":
                values[field.name] = date(2101 + number, 1 + number % 12, 1 + number % 28)
            case "time":
                values[field.name] = time(number % 24, 37)
            case "money":
                values[field.name] = Decimal(f"{7000 + number}.{10 + number}")
            case "number":
                values[field.name] = 880_000 + number
            case "codes":
                values[field.name] = (f"canarycode{number:03}",)
            case "link":
                values[field.name] = f"https://canary{number:03}.example/"
            case "last_four":
                values[field.name] = f"CANARY9{number:03}X{4000 + number}"
            case _:
                values[field.name] = f"canary{number:03}word"
    return values
