"""The writes of the front desk; see `tests.e2e.writes`."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tests.e2e.person import RECORDS, Database, Person, unique
from tests.e2e.recipe import Recipe, Request, a_patient
from tests.permission_front_desk_cells import WHOLE
from tests.permission_ids import DESK


def _visit(person: Person, status: str) -> str:
    """A visit of today, of a patient of its own."""
    mrn = person.done("POST", f"{RECORDS}/", a_patient())["data"]["mrn"]
    today = datetime.now(UTC).astimezone(ZoneInfo("America/New_York")).date()
    data = {"visitNumber": unique("VIS"), "patientId": mrn, "visitDate": today.isoformat(), "status": status}
    return str(person.done("POST", f"{RECORDS}/", {"type": "visit", "data": data})["id"])


def _set_context(person: Person, database: Database) -> Request:
    _, mrn = database.new_patient(person.claims["clientId"])
    return Request("POST", f"{DESK}/context", {"recordType": "Patient ID", "recordId": mrn})


def _arrive(person: Person, database: Database) -> Request:
    del database
    opened = {"recordType": "Visit ID", "recordId": _visit(person, "scheduled")}
    context = person.done("POST", f"{DESK}/context", opened)["contextId"]
    return Request("POST", f"{DESK}/quick-action", {"action": "mark_arrived", "contextId": context})


def _check_in(person: Person, database: Database) -> Request:
    del database
    return Request("POST", f"{DESK}/check-in", {"visitId": _visit(person, "arrived"), **WHOLE})


FRONT_DESK_RECIPES: dict[str, Recipe] = {
    f"POST {DESK}/context": _set_context,
    f"POST {DESK}/quick-action": _arrive,
    f"POST {DESK}/check-in": _check_in,
}
