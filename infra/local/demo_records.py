"""The demo's rows in PostgreSQL: made-up patients of two organisations, one MRN in both.

Riverside's MRN553 is covered, needs an authorization that nobody has asked for yet, and has a visit to come;
Lakeside's MRN553 is another person, whose coverage ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from infra.local.demo_accounts import ACCOUNTS, LAKESIDE, RIVERSIDE, Organisation, demo_id

_CONTRACT = {"program": "commercial", "network": "in", "electronic_id": "00553", "filing_days": 180}


@dataclass(frozen=True, slots=True)
class TableRows:
    """Rows of one table; `refresh` names columns that are set anew at each start, all others are left as they are."""

    table: str
    rows: list[dict[str, Any]]
    refresh: tuple[str, ...] = ()


def rows_for(organisation: Organisation, now: datetime) -> list[TableRows]:
    """Every row of `organisation`, parents before children. `now` has a time zone and places the visit to come."""
    today = now.astimezone(ZoneInfo(organisation.time_zone)).date()
    staff = _organisation(organisation)
    if organisation == RIVERSIDE:
        return staff + _riverside(today)
    if organisation == LAKESIDE:
        return staff + _lakeside(today)
    return staff


def _organisation(organisation: Organisation) -> list[TableRows]:
    client = {"id": organisation.id, "name": organisation.name, "time_zone": organisation.time_zone}
    users = [
        {
            "id": account.user_id,
            "email": account.email,
            "name": account.name,
            "role": account.role.value,
            "client_id": account.organisation.id,
            "firebase_uid": account.uid,
            "status": "active",
        }
        for account in ACCOUNTS
        if account.organisation == organisation
    ]
    return [TableRows("clients", [client]), TableRows("users", users)]


def _riverside(today: date) -> list[TableRows]:
    own = {"client_id": RIVERSIDE.id}
    key = RIVERSIDE.key
    payer, other_payer = demo_id("payer", key, "BST-01"), demo_id("payer", key, "CAP-02")
    patient, second = demo_id("patient", key, "MRN553"), demo_id("patient", key, "MRN554")
    provider = demo_id("provider", key, "PRV-11")
    return [
        TableRows(
            "payers",
            [
                own
                | {"id": payer, "payer_number": "BST-01", "name": "Bluestem Health Plan", "phone": "555-0140"}
                | _CONTRACT,
                own | {"id": other_payer, "payer_number": "CAP-02", "name": "Capstone Mutual", "phone": "555-0141"},
            ],
        ),
        TableRows(
            "payer_rules",
            [
                _rule(RIVERSIDE, payer="BST-01", service_type="98", requires_auth=True),
                _rule(RIVERSIDE, payer="BST-01", service_type="30", requires_auth=True),
                _rule(RIVERSIDE, payer="CAP-02", service_type="98", requires_auth=False),
                _rule(RIVERSIDE, payer="CAP-02", service_type="30", requires_auth=False),
            ],
        ),
        TableRows(
            "patients",
            [
                _patient(RIVERSIDE, mrn="MRN553", name=("Elena", "Vasquez"), born=date(1981, 4, 3), sex="female"),
                _patient(RIVERSIDE, mrn="MRN554", name=("Jürgen", "Müller"), born=date(1967, 11, 20), sex="male"),
            ],
        ),
        TableRows("providers", [own | _doctor(provider, number="PRV-11", name="Amara Okonkwo, MD")]),
        TableRows(
            "coverages",
            [
                own
                | {
                    "id": demo_id("coverage", key, "MRN553"),
                    "patient_id": patient,
                    "payer_id": payer,
                    "plan_name": "Bluestem Choice PPO",
                    "member_id": "BST553018842",
                    "subscriber_name": "Elena Vasquez",
                    "relationship": "self",
                    "period_start": date(2025, 1, 1),
                    "copay": Decimal("25.00"),
                    "source_ref": "demo/coverage/MRN553",
                },
                own
                | {
                    "id": demo_id("coverage", key, "MRN554"),
                    "patient_id": second,
                    "payer_id": other_payer,
                    "plan_name": "Capstone Silver HMO",
                    "member_id": "CAP554907731",
                    "subscriber_name": "Jürgen Müller",
                    "relationship": "self",
                    "period_start": date(2024, 7, 1),
                    "copay": Decimal("40.00"),
                    "source_ref": "demo/coverage/MRN554",
                },
            ],
        ),
        TableRows("benefits", _benefits(RIVERSIDE, mrn="MRN553", today=today)),
        _coming_visit(RIVERSIDE, number="VIS-2041", mrn="MRN553", provider=provider, day=_next_weekday(today, 7)),
        TableRows("visits", [_past_visit(RIVERSIDE, number="VIS-1987", mrn="MRN553", provider=provider)]),
        TableRows(
            "claims",
            [
                _claim(RIVERSIDE, number="CLM-88", mrn="MRN553", amount="182.40", status="submitted")
                | {"payer_id": payer, "provider_id": provider, "visit_id": demo_id("visit", key, "VIS-1987")},
                _claim(RIVERSIDE, number="CLM-91", mrn="MRN553", amount="64.15", status="paid")
                | {"payer_id": payer, "provider_id": provider, "paid_amount": Decimal("64.15")},
                _claim(RIVERSIDE, number="CLM-95", mrn="MRN554", amount="310.00", status="denied")
                | {"payer_id": other_payer, "provider_id": provider, "denial_reason": "CO-197"},
            ],
        ),
    ]


def _lakeside(today: date) -> list[TableRows]:
    own = {"client_id": LAKESIDE.id}
    key = LAKESIDE.key
    payer, provider = demo_id("payer", key, "GRN-07"), demo_id("provider", key, "PRV-31")
    return [
        TableRows(
            "payers", [own | {"id": payer, "payer_number": "GRN-07", "name": "Granite State Care", "phone": "555-0160"}]
        ),
        TableRows(
            "payer_rules",
            [
                _rule(LAKESIDE, payer="GRN-07", service_type="98", requires_auth=False),
                _rule(LAKESIDE, payer="GRN-07", service_type="30", requires_auth=False),
            ],
        ),
        TableRows(
            "patients",
            [_patient(LAKESIDE, mrn="MRN553", name=("Tobias", "Grant"), born=date(1994, 9, 14), sex="male")],
        ),
        TableRows("providers", [own | _doctor(provider, number="PRV-31", name="Lucille Fontaine, MD")]),
        TableRows(
            "coverages",
            [
                own
                | {
                    "id": demo_id("coverage", key, "MRN553"),
                    "patient_id": demo_id("patient", key, "MRN553"),
                    "payer_id": payer,
                    "plan_name": "Granite Basic",
                    "member_id": "GRN200553",
                    "subscriber_name": "Tobias Grant",
                    "relationship": "self",
                    "period_start": date(2024, 1, 1),
                    "period_end": date(2025, 12, 31),
                    "copay": Decimal("30.00"),
                    "source_ref": "demo/coverage/MRN553",
                }
            ],
        ),
        _coming_visit(LAKESIDE, number="VIS-310", mrn="MRN553", provider=provider, day=_next_weekday(today, 3)),
        TableRows(
            "claims",
            [
                _claim(LAKESIDE, number="CLM-88", mrn="MRN553", amount="95.00", status="denied")
                | {"payer_id": payer, "provider_id": provider, "denial_reason": "CO-27"}
            ],
        ),
    ]


def _rule(organisation: Organisation, *, payer: str, service_type: str, requires_auth: bool) -> dict[str, Any]:
    return {
        "id": demo_id("payer_rule", organisation.key, payer, service_type),
        "client_id": organisation.id,
        "payer_id": demo_id("payer", organisation.key, payer),
        "service_type": service_type,
        "requires_auth": requires_auth,
    }


def _benefits(organisation: Organisation, *, mrn: str, today: date) -> list[dict[str, Any]]:
    """A deductible half used, a share of the costs, and physical therapy up to twenty times a year."""
    own = {
        "client_id": organisation.id,
        "coverage_id": demo_id("coverage", organisation.key, mrn),
        "as_of": datetime.combine(today, time(6, 0), ZoneInfo(organisation.time_zone)),
    }
    year = {"amount": Decimal("1500.00"), "remaining_amount": Decimal("742.50")}
    visits = {"service_type": "PT", "quantity": 20, "remaining_quantity": 14}
    rows: list[dict[str, Any]] = [
        {"kind": "deductible", "service_type": "30", "network": "in"} | year,
        {"kind": "coinsurance", "service_type": "30", "network": "in", "percent": Decimal("20.00")},
        {"kind": "limit"} | visits,
    ]
    return [own | row | {"id": demo_id("benefit", organisation.key, mrn, row["kind"])} for row in rows]


def _patient(organisation: Organisation, *, mrn: str, name: tuple[str, str], born: date, sex: str) -> dict[str, Any]:
    return {
        "id": demo_id("patient", organisation.key, mrn),
        "client_id": organisation.id,
        "mrn": mrn,
        "first_name": name[0],
        "last_name": name[1],
        "date_of_birth": born,
        "sex": sex,
        "phone": "555-0100",
    }


def _doctor(identifier: Any, *, number: str, name: str) -> dict[str, Any]:
    return {"id": identifier, "provider_number": number, "kind": "person", "name": name, "specialty": "Family medicine"}


def _coming_visit(organisation: Organisation, *, number: str, mrn: str, provider: Any, day: date) -> TableRows:
    """A booked visit that is always still to come: its day moves along with each start."""
    starts = datetime.combine(day, time(9, 30), ZoneInfo(organisation.time_zone))
    row = {
        "id": demo_id("visit", organisation.key, number),
        "client_id": organisation.id,
        "visit_number": number,
        "patient_id": demo_id("patient", organisation.key, mrn),
        "visit_date": day,
        "starts_at": starts,
        "ends_at": starts + timedelta(minutes=30),
        "provider_id": provider,
        "visit_type": "office",
        "reason": "Follow-up",
        "status": "scheduled",
    }
    return TableRows("visits", [row], refresh=("visit_date", "starts_at", "ends_at"))


def _past_visit(organisation: Organisation, *, number: str, mrn: str, provider: Any) -> dict[str, Any]:
    starts = datetime.combine(date(2026, 9, 22), time(14, 0), ZoneInfo(organisation.time_zone))
    return {
        "id": demo_id("visit", organisation.key, number),
        "client_id": organisation.id,
        "visit_number": number,
        "patient_id": demo_id("patient", organisation.key, mrn),
        "visit_date": starts.date(),
        "starts_at": starts,
        "ends_at": starts + timedelta(minutes=25),
        "provider_id": provider,
        "visit_type": "office",
        "reason": "Blood pressure check",
        "status": "completed",
        "readiness": "ready",
    }


def _claim(organisation: Organisation, *, number: str, mrn: str, amount: str, status: str) -> dict[str, Any]:
    return {
        "id": demo_id("claim", organisation.key, number),
        "client_id": organisation.id,
        "claim_number": number,
        "patient_id": demo_id("patient", organisation.key, mrn),
        "status": status,
        "amount": Decimal(amount),
        "service_date": date(2026, 9, 22),
        "submitted_date": date(2026, 9, 24),
        "claim_type": "professional",
    }


def _next_weekday(today: date, days: int) -> date:
    """`days` from today, moved on to Monday when that is a weekend."""
    day = today + timedelta(days=days)
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= 5 else 0)  # noqa: PLR2004 - 5 is Saturday
