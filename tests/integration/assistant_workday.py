"""A day's visits and a desk of claims, for the questions about a whole organisation."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from shared.models.identifiers import uuid7
from shared.models.postgres import metadata
from tests.integration.assistant_clinic import NOW, Clinic

TODAY, TOMORROW = date(2026, 11, 24), date(2026, 11, 25)
NO_CARD = {"code": "coverage_missing", "text": "No coverage is on file", "ruleId": "E01"}
NO_AUTH = {"code": "authorization_missing", "text": "An authorization is needed and not there", "ruleId": "E09"}
# Number, day, minutes from now to the start, state, since how many minutes, readiness, reasons.
_VISITS: tuple[tuple[str, date, int, str, int, str, list[dict[str, str]]], ...] = (
    ("VIS-A", TODAY, -30, "arrived", 25, "not_ready", [NO_CARD]),
    ("VIS-B", TODAY, -20, "arrived", 9, "ready", []),
    ("VIS-C", TODAY, -60, "roomed", 41, "ready", []),
    ("VIS-D", TODAY, -50, "checked_in", 14, "ready", []),
    ("VIS-E", TODAY, -50, "checked_in", 16, "ready", []),
    ("VIS-F", TODAY, 90, "scheduled", 999, "not_ready", [NO_AUTH]),
    ("VIS-G", TODAY, 60, "cancelled", 999, "ready", []),
    ("VIS-H", TODAY, -90, "no_show", 60, "ready", []),
    ("VIS-I", TOMORROW, 1500, "scheduled", 999, "not_ready", [NO_CARD, NO_AUTH]),
    ("VIS-J", TOMORROW, 1560, "confirmed", 999, "not_ready", [NO_AUTH]),
    ("VIS-K", TOMORROW, 1620, "scheduled", 999, "ready", []),
    ("VIS-L", TOMORROW, 1680, "cancelled", 999, "not_ready", [NO_CARD]),
)
# Number, state, amount, days since the service, and what else is known.
_CLAIMS: tuple[tuple[str, str, str, int, dict[str, Any]], ...] = (
    ("WRK-1", "denied", "400.25", 20, {"denial_code": "CO-197"}),
    ("WRK-2", "denied", "150.00", 45, {"denial_code": "CO-197"}),
    ("WRK-3", "denied", "75.10", 90, {"denial_code": "CO-29"}),
    ("WRK-4", "rejected", "210.00", 91, {"filing_due_on": date(2026, 11, 28)}),
    ("WRK-5", "underpaid", "500.00", 121, {"expected_amount": Decimal("430.50"), "paid_amount": Decimal("300.00")}),
    ("WRK-6", "pended", "88.00", 70, {"pended_since": TODAY - timedelta(days=31)}),
    ("WRK-7", "pended", "99.00", 70, {"pended_since": TODAY - timedelta(days=29)}),
    ("WRK-8", "draft", "60.00", 3, {"requires_authorization": True, "filing_due_on": date(2026, 12, 20)}),
    ("WRK-9", "draft", "61.00", 30, {"filing_due_on": date(2026, 11, 20)}),
    ("WRK-10", "paid", "999.00", 200, {"paid_amount": Decimal("999.00")}),
    ("WRK-11", "written_off", "77.00", 300, {}),
)


def workday(clinic: Clinic) -> None:
    """Fill an organisation that has nothing yet."""
    payer = _add(clinic, "payers", payer_number="PAY-W", name="Westwater Mutual")
    patients = [
        _add(clinic, "patients", mrn=f"DSK{n}", first_name=f"Desk{chr(65 + n)}", last_name="Waits",
             date_of_birth=date(1970, 1, 1 + n))
        for n in range(len(_VISITS))
    ]  # fmt: skip
    for patient, (number, day, start, status, since, readiness, reasons) in zip(patients, _VISITS, strict=True):
        _add(
            clinic, "visits", visit_number=number, patient_id=patient, visit_date=day, status=status,
            starts_at=NOW + timedelta(minutes=start), status_since=NOW - timedelta(minutes=since),
            arrived_at=NOW - timedelta(minutes=since) if status in {"arrived", "checked_in", "roomed"} else None,
            readiness=readiness, readiness_reasons=reasons,
        )  # fmt: skip
    # The claims belong to the first patient and to the one of VIS-J: what is at risk of a visit is its newest claim.
    for number, status, amount, days, known in _CLAIMS:
        whose = patients[9] if number == "WRK-1" else patients[0]
        _add(
            clinic, "claims", claim_number=number, patient_id=whose, payer_id=payer, status=status,
            amount=Decimal(amount), service_date=TODAY - timedelta(days=days), **known,
        )  # fmt: skip


def _add(clinic: Clinic, table: str, **columns: Any) -> UUID:
    made = uuid7()
    with clinic.database.admin.begin() as connection:
        connection.execute(insert(metadata.tables[table]).values(id=made, client_id=clinic.client, **columns))
    return made
