"""Claims over the real app on in-memory stores: what the suites about billing share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from infra.local.demo_accounts import RIVERSIDE, demo_id
from shared.models.identifiers import uuid7
from shared.models.roles import Role
from tests.functions.authorization_office import Office, today
from tests.functions.in_memory import InMemoryProduct

PATH = "/api/v1/modes/backend"
PATIENT = demo_id("patient", RIVERSIDE.key, "MRN554")
PAYER = demo_id("payer", RIVERSIDE.key, "CAP-02")
OTHER_PAYER = demo_id("payer", RIVERSIDE.key, "BST-01")
PROVIDER = demo_id("provider", RIVERSIDE.key, "PRV-11")
NPI = "1234567893"


@dataclass
class BillingOffice(Office):
    """A biller, who works on claims of MRN554: Capstone pays, and wants no authorization."""

    role: Role | str = Role.BILLER
    path: str = PATH

    @classmethod
    def at_work(cls, product: InMemoryProduct) -> BillingOffice:
        """A biller who works on a claim that passes every rule, CLM-1."""
        office = cls(product)
        office.furnish()
        office.claim()
        office.work_on()
        return office

    def denied(self, code: str = "CO-197", number: str = "CLM-1") -> dict[str, Any]:
        """Submit a claim, which the payer takes and denies; what recording that answered."""
        self.act("submit_claim", claimId=number)
        self.record("accept", number)
        result: dict[str, Any] = self.act("record_denial", claimId=number, code=code)
        return result

    def furnish(self) -> None:
        """Give the provider an NPI that is one."""
        self.change_row("providers", PROVIDER, npi=NPI)

    def change_row(self, table: str, identity: UUID, **columns: Any) -> None:
        """Change a record behind the API's back."""
        rows = self.product.records.tables.rows[table]
        row = next(row for row in rows if row["id"] == identity)
        row.update(columns)
        if "service_date" in columns:
            self.product.records.tables.keep_filing(row)

    def claim(self, number: str = "CLM-1", *, days: int = 10, **columns: Any) -> UUID:
        """A claim of a visit that was held so many days ago; a draft that passes every rule."""
        on = today() - timedelta(days=days)
        visit = self.product.records.tables.add(
            "visits",
            {
                "client_id": self.organisation.id,
                "visit_number": f"V-{number}",
                "patient_id": PATIENT,
                "visit_date": on,
                "visit_type": "office",
                "status": "completed",
                "provider_id": PROVIDER,
            },
        )
        row = {
            "id": uuid7(),
            "client_id": self.organisation.id,
            "claim_number": number,
            "patient_id": PATIENT,
            "status": "draft",
            "amount": Decimal("310.00"),
            "service_date": on,
            "payer_id": PAYER,
            "visit_id": visit["id"],
            "provider_id": PROVIDER,
        }
        made = self.product.records.tables.add("claims", row | columns)
        return UUID(str(made["id"]))

    def second_coverage(self) -> UUID:
        """Another payer that covers the patient too."""
        made = self.product.records.tables.add(
            "coverages",
            {
                "client_id": self.organisation.id,
                "patient_id": PATIENT,
                "payer_id": OTHER_PAYER,
                "member_id": "BST-2",
                "rank": 2,
                "period_start": today() - timedelta(days=300),
            },
        )
        return UUID(str(made["id"]))

    def work_on(self, number: str = "CLM-1") -> None:
        """Work on a claim from now on."""
        self.open(number, "Claim ID")

    def record(self, kind: str, number: str = "CLM-1", **members: Any) -> Any:
        """Record a step that the payer took."""
        return self.done("POST", f"/claims/{number}/events", {"kind": kind} | members)

    def act_anywhere(self, name: str, **params: Any) -> Any:
        """The data of an action that the guidance component runs."""
        body = {"contextId": self.context, "action": name, "params": params}
        answer = self.product.request("POST", "/api/v1/components/guidance/execute", role=self.role, json=body)
        assert answer.status == 200, answer.json
        return answer.json["data"]

    def as_role(self, role: Role) -> BillingOffice:
        """Somebody else at the same desk, with a context of their own sign-in."""
        other = replace(self, role=role)
        other.context = self.context
        return other

    def stored(self, number: str = "CLM-1") -> dict[str, Any]:
        """A claim's row."""
        rows = self.product.records.tables.rows["claims"]
        return next(row for row in rows if row["claim_number"] == number)
