"""Claims over the real app on in-memory stores: what the suites about billing share."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from infra.local.demo_accounts import RIVERSIDE, Organisation, demo_id
from shared.models.roles import Role
from tests.functions.in_memory import Answer, InMemoryProduct

MODE = "/api/v1/modes/backend"
PATIENT = demo_id("patient", RIVERSIDE.key, "MRN553")
PAYER = demo_id("payer", RIVERSIDE.key, "BST-01")
# What a step needs beside its name.
NEEDED: dict[str, dict[str, Any]] = {
    "pay": {"paidCents": 18_240},
    "pay_partially": {"paidCents": 9_000},
    "underpay": {"paidCents": 9_000},
}


@dataclass
class BillingOffice:
    """Somebody who works with claims."""

    product: InMemoryProduct
    role: Role | str = Role.BILLER
    organisation: Organisation = RIVERSIDE

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request below the mode's path."""
        content = {} if body is None else {"json": body}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.product.request(
            method, MODE + path, role=self.role, organisation=self.organisation, headers=named, **content
        )

    def done(self, method: str, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        """The JSON of a request that must succeed."""
        answer = self.ask(method, path, body, **headers)
        assert answer.status == status, answer.json
        return answer.json

    def claim(self, number: str, status: str = "draft", **columns: Any) -> UUID:
        """A claim of MRN553 beside the demo's."""
        row = {
            "client_id": self.organisation.id,
            "claim_number": number,
            "patient_id": PATIENT,
            "payer_id": PAYER,
            "status": status,
            "amount": Decimal("182.40"),
        }
        added: UUID = self.product.records.tables.add("claims", row | columns)["id"]
        return added

    def move(self, number: str, kind: str, **members: Any) -> Answer:
        """A step, with what it needs."""
        body = {"kind": kind, "reason": "Because"} | NEEDED.get(kind, {}) | members
        return self.ask("POST", f"/claims/{number}/events", body)
