"""The front desk over the real app on in-memory stores: what the suites about it share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from infra.local.demo_accounts import RIVERSIDE, Organisation, demo_id
from shared.models.roles import Role
from tests.functions.authorization_office import PATIENT, today
from tests.functions.in_memory import Answer, InMemoryProduct

MODE = "/api/v1/modes/front-desk"
WHOLE: dict[str, Any] = {
    "identifiers": ["full_name", "date_of_birth"],
    "demographicsReviewed": True,
    "coverageVerified": True,
    "forms": ["privacy_notice", "consent_to_treat", "financial_responsibility"],
    "copay": {"amountCents": 2500, "method": "card"},
}


@dataclass
class Desk:
    """Somebody at the front desk. Each request may be of another sign-in, so the context is named."""

    product: InMemoryProduct
    role: Role | str = Role.FRONT_DESK
    organisation: Organisation = RIVERSIDE
    context: str = ""

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request below the mode's path."""
        content = {} if body is None else {"json": body}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.product.request(
            method, MODE + path, role=self.role, organisation=self.organisation, headers=named, **content
        )

    def open(self, number: str = "board", record_type: str = "Other") -> None:
        """Work on a record from now on."""
        answer = self.ask("POST", "/context", {"recordType": record_type, "recordId": number})
        self.context = str(answer.json["contextId"])

    def act(self, action: str, *, role: Role | None = None, **params: Any) -> Answer:
        """A quick action on the record that was opened."""
        if not self.context:
            self.open()
        who = self if role is None else Desk(self.product, role, self.organisation, self.context)
        return who.ask("POST", "/quick-action", {"action": action, "params": params, "contextId": self.context})

    def done(self, action: str, *, role: Role | None = None, **params: Any) -> Any:
        """The data of a quick action that must succeed."""
        answer = self.act(action, role=role, **params)
        assert answer.status == 200, answer.json
        return answer.json["data"]

    def visit(self, number: str, status: str = "scheduled", **columns: Any) -> str:
        """A visit of MRN553 today, which has begun a while ago."""
        row = {
            "client_id": self.organisation.id,
            "visit_number": number,
            "patient_id": PATIENT,
            "visit_date": today(),
            "starts_at": datetime.now(UTC) - timedelta(hours=2),
            "status": status,
            "readiness": "ready",
            "status_since": datetime.now(UTC) - timedelta(minutes=3),
            "provider_id": demo_id("provider", RIVERSIDE.key, "PRV-11"),
        }
        self.product.records.tables.add("visits", row | columns)
        return number

    def row(self, number: str) -> dict[str, Any]:
        """A visit's row."""
        rows = self.product.records.tables.rows["visits"]
        return next(row for row in rows if row["visit_number"] == number)

    def age(self, number: str, minutes: int) -> None:
        """Let the whole history of a visit be older."""
        from dataclasses import replace

        trails, identity = self.product.records.tables.trails, self.row(number)["id"]
        by = timedelta(minutes=minutes)
        trails[identity] = [replace(step, changed_at=step.changed_at - by) for step in trails[identity]]

    def shown(self, number: str) -> Any:
        """A visit as its route shows it."""
        answer = self.ask("GET", f"/appointments/{number}")
        assert answer.status == 200, answer.json
        return answer.json

    def events(self) -> list[Any]:
        """What was audited with changes."""
        return self.product.records.tables.events


def visit_id(number: str) -> UUID:
    """The uuid of a demo visit."""
    return demo_id("visit", RIVERSIDE.key, number)
