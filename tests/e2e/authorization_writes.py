"""The writes of authorizations; see `tests.e2e.writes`."""

from __future__ import annotations

from typing import Any

from tests.e2e.person import ELIGIBILITY, RECORDS, Database, Person, unique
from tests.e2e.recipe import Recipe, Request, a_patient
from tests.permission_ids import FAILED_ANSWER

_REASON = {"reason": "Waiting for the payer"}
_AUTHORIZATIONS = f"{ELIGIBILITY}/authorization"
_ONE = f"{_AUTHORIZATIONS}/<reference>"
_GRANT = ("decision", {"manual": {"outcome": "approved", "units": 6}})
_DENIAL = ("decision", {"manual": {"outcome": "denied", "reason": "Not medically necessary"}})


def _authorization(person: Person, *before: tuple[str, dict[str, Any]], **members: Any) -> str:
    """An authorization of a patient of its own, brought forward by the steps `before`; its path."""
    mrn = person.done("POST", f"{RECORDS}/", a_patient())["data"]["mrn"]
    request = {
        "patientId": mrn,
        "payerId": "BST-01",
        "serviceType": "98",
        "providerId": "PRV-11",
        "periodStart": "2026-12-01",
        "periodEnd": "2027-06-30",
        "units": 6,
    }
    made = person.done("POST", f"{ELIGIBILITY}/authorization", request | members)
    path = f"{ELIGIBILITY}/authorization/{made['id']}"
    for step, body in before:
        person.done("POST", f"{path}/{step}", body)
    return path


def _on_authorization(step: str, body: Any, *before: tuple[str, dict[str, Any]], **members: Any) -> Recipe:
    def recipe(person: Person, database: Database) -> Request:
        del database
        return Request("POST", f"{_authorization(person, *before, **members)}/{step}", body)

    return recipe


def _request_authorization(person: Person, database: Database) -> Request:
    _, mrn = database.new_patient(person.claims["clientId"])
    return Request("POST", f"{ELIGIBILITY}/authorization", {"patientId": mrn, "draft": True})


def _on_units(step: str) -> Recipe:
    """Units of a grant, for a visit of its patient."""

    def recipe(person: Person, database: Database) -> Request:
        del database
        path = _authorization(person, _GRANT)
        patient = person.done("GET", path)["patientId"]
        visit = {"visitNumber": unique("VIS"), "patientId": patient, "visitDate": "2026-12-15", "visitType": "office"}
        made = person.done("POST", f"{RECORDS}/", {"type": "visit", "data": visit})
        body = {"visitId": made["id"]}
        if step == "release":
            person.done("POST", f"{path}/reserve", body)
        return Request("POST", f"{path}/{step}", body)

    return recipe


AUTHORIZATION_RECIPES: dict[str, Recipe] = {
    f"POST {_AUTHORIZATIONS}": _request_authorization,
    f"POST {_ONE}/submit": _on_authorization("submit", {"units": 3}, draft=True),
    f"POST {_ONE}/decision": _on_authorization(*_GRANT),
    f"POST {_ONE}/extend": _on_authorization("extend", {"units": 4}, _GRANT),
    f"POST {_ONE}/reserve": _on_units("reserve"),
    f"POST {_ONE}/release": _on_units("release"),
    f"POST {_ONE}/not-required": _on_authorization("not-required", _REASON, draft=True),
    f"POST {_ONE}/resubmit": _on_authorization("resubmit", {}, ("decision", {"manual": {"outcome": "pended"}})),
    f"POST {_ONE}/cancel": _on_authorization("cancel", _REASON),
    f"POST {_ONE}/redraft": _on_authorization("redraft", {}, ("decision", FAILED_ANSWER)),
    f"POST {_ONE}/revoke": _on_authorization("revoke", _REASON, _GRANT),
    f"POST {_ONE}/appeal": _on_authorization("appeal", {}, _DENIAL),
    f"POST {_ONE}/peer-to-peer": _on_authorization("peer-to-peer", {}, _DENIAL),
}
