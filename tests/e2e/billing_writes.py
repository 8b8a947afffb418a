"""The writes of the billers' mode; see `tests.e2e.writes`."""

from __future__ import annotations

from typing import Any

from tests.e2e.person import RECORDS, Database, Person, unique
from tests.e2e.recipe import Recipe, Request, a_patient
from tests.permission_ids import BACKEND


def new_claim(person: Person, **members: Any) -> str:
    """A draft of a patient of its own; its number."""
    mrn = person.done("POST", f"{RECORDS}/", a_patient())["data"]["mrn"]
    data = {"claimNumber": unique("CLM"), "patientId": mrn, "payerId": "BST-01", "amount": 182.4}
    return str(person.done("POST", f"{RECORDS}/", {"type": "claim", "data": data | members})["data"]["claimNumber"])


def _set_context(person: Person, database: Database) -> Request:
    del database
    return Request("POST", f"{BACKEND}/context", {"recordType": "claim", "recordId": new_claim(person)})


def _scrub(person: Person, database: Database) -> Request:
    opened = _set_context(person, database)
    context = person.done(opened.method, opened.path, opened.body)["contextId"]
    return Request("POST", f"{BACKEND}/quick-action", {"action": "scrub_claim", "contextId": context})


def _event(person: Person, database: Database) -> Request:
    del database
    body = {"kind": "hold", "reason": "Waiting for the chart"}
    return Request("POST", f"{BACKEND}/claims/{new_claim(person)}/events", body)


BILLING_RECIPES: dict[str, Recipe] = {
    f"POST {BACKEND}/context": _set_context,
    f"POST {BACKEND}/quick-action": _scrub,
    f"POST {BACKEND}/claims/<reference>/events": _event,
}
