"""Authorizations over the real app on in-memory stores: what the suites about them share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from infra.local.demo_accounts import LAKESIDE, RIVERSIDE, Organisation, demo_id
from shared.models.roles import Role
from tests.functions.in_memory import Answer, InMemoryProduct

MODE = "/api/v1/modes/eligibility"
AUTHORIZATION = f"{MODE}/authorization"
PATIENT = demo_id("patient", RIVERSIDE.key, "MRN553")
VISIT = demo_id("visit", RIVERSIDE.key, "VIS-2041")


def today() -> date:
    """The day at Riverside."""
    return datetime.now(UTC).astimezone(ZoneInfo(RIVERSIDE.time_zone)).date()


def day_of(moment: str) -> str:
    """The day at Riverside at a moment, which may be another one than in UTC."""
    return datetime.fromisoformat(moment).astimezone(ZoneInfo(RIVERSIDE.time_zone)).date().isoformat()


def day(days: int) -> str:
    """A day from today on."""
    return (today() + timedelta(days=days)).isoformat()


def whole(**members: Any) -> dict[str, Any]:
    """A request that has everything."""
    return {
        "patientId": "MRN553",
        "serviceType": "98",
        "providerId": "PRV-11",
        "periodStart": day(0),
        "periodEnd": day(90),
        "units": 6,
        "urgency": "standard",
    } | members


@dataclass
class Office:
    """Somebody who works with authorizations."""

    product: InMemoryProduct
    role: Role | str = Role.ELIGIBILITY_SPECIALIST
    organisation: Organisation = RIVERSIDE
    context: str = ""
    path: str = MODE

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request below the mode's path."""
        content = {} if body is None else {"json": body}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.product.request(
            method, self.path + path, role=self.role, organisation=self.organisation, headers=named, **content
        )

    def done(self, method: str, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        """The JSON of a request that must succeed."""
        answer = self.ask(method, path, body, **headers)
        assert answer.status == status, answer.json
        return answer.json

    def requested(self, **members: Any) -> dict[str, Any]:
        """An authorization that was asked for."""
        made: dict[str, Any] = self.done("POST", "/authorization", whole(**members), 201)
        return made

    def granted(self, units: int = 6, **members: Any) -> dict[str, Any]:
        """One that was granted."""
        made = self.requested(**members)
        answer = {"manual": {"outcome": "approved", "units": units, "certificationNumber": "C-10442"}}
        decided: dict[str, Any] = self.done("POST", f"/authorization/{made['id']}/decision", answer)
        return decided

    def open(self, number: str = "MRN553", record_type: str = "Patient ID") -> None:
        """Work on a record from now on. Each request of these tests may be of another sign-in, so it is named."""
        answer = self.ask("POST", "/context", {"recordType": record_type, "recordId": number})
        self.context = str(answer.json["contextId"])

    def try_to(self, action: str, params: dict[str, Any] | None = None, **headers: str) -> Answer:
        """A quick action on the record that was opened."""
        body = {"action": action, "params": params or {}, "contextId": self.context}
        return self.ask("POST", "/quick-action", body, **headers)

    def act(self, action: str, **params: Any) -> Any:
        """The JSON of a quick action that must succeed."""
        answer = self.try_to(action, params)
        assert answer.status == 200, answer.json
        return answer.json

    def rule(self, **columns: Any) -> None:
        """Change Bluestem's rule for office visits."""
        payer = demo_id("payer", RIVERSIDE.key, "BST-01")
        rows = self.product.records.tables.rows["payer_rules"]
        next(row for row in rows if (row["payer_id"], row["service_type"]) == (payer, "98")).update(columns)

    def visit(self, number: str, **columns: Any) -> str:
        """A visit of MRN553 beside the demo's."""
        row = {
            "client_id": self.organisation.id,
            "visit_number": number,
            "patient_id": PATIENT,
            "visit_date": today() + timedelta(days=3),
            "visit_type": "office",
            "status": "scheduled",
            "provider_id": demo_id("provider", RIVERSIDE.key, "PRV-11"),
        }
        self.product.records.tables.add("visits", row | columns)
        return number

    def set_visit(self, number: str, **columns: Any) -> None:
        """Change a visit behind the API's back."""
        rows = self.product.records.tables.rows["visits"]
        next(row for row in rows if row["visit_number"] == number).update(columns)

    def context_status(self) -> str:
        """The opened context's status as it is stored."""
        return str(self.done("GET", f"/context?contextId={self.context}")["status"])


def faults(answer: Answer) -> list[tuple[str, str]]:
    """Field and code of each refused member."""
    return [(fault["field"], fault["code"]) for fault in answer.json["errors"]]


def uuid_of(number: str) -> UUID:
    """The uuid of a demo visit."""
    return demo_id("visit", RIVERSIDE.key, number)


__all__ = ["AUTHORIZATION", "LAKESIDE", "MODE", "PATIENT", "VISIT", "Office", "day", "faults", "today", "whole"]
