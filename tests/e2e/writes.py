"""Every write of the HTTP API, and for each one a request that carries it out on records of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.gateway.openapi import load_operations
from shared.catalog import load_catalog
from shared.models.audit import AuditAction
from tests.e2e.person import ELIGIBILITY, RECORDS, TASKS, Database, Person, unique

_MOVES = ("complete", "accept", "start", "hold", "release", "reject", "cancel", "fail", "reopen")
_BEFORE = {"start": ("accept",), "release": ("accept",), "fail": ("accept", "start"), "reopen": ("complete",)}
_REASON = {"reason": "Waiting for the payer"}
# Searching is a POST so that no name stands in a URL; it changes nothing.
_READS = {f"POST {RECORDS}/search"}


@dataclass(frozen=True, slots=True)
class Request:
    """A request to be sent, and the audit action it must leave."""

    method: str
    path: str
    body: Any = None


Recipe = Callable[[Person, Database], Request]


def write_operations() -> dict[str, AuditAction]:
    """The audit action of every operation that writes, by method and path template."""
    found: dict[str, AuditAction] = {}
    for entry in load_catalog():
        if entry.kind not in {"http", "stream"}:
            continue
        operations = load_operations(entry)
        for operation in operations.declared:
            name = f"{operation.method} {operations.prefix}{operation.path}"
            if operation.method != "GET" and operation.audit is not AuditAction.NONE and name not in _READS:
                found[name] = operation.audit
    return found


def _set_context(person: Person, database: Database) -> Request:
    _, mrn = database.new_patient(person.claims["clientId"])
    return Request("POST", f"{ELIGIBILITY}/context", {"recordType": "Patient ID", "recordId": mrn})


def _check_eligibility(person: Person, database: Database) -> Request:
    _, mrn = database.new_patient(person.claims["clientId"])
    context = person.open(mrn, "Patient ID")
    return Request("POST", f"{ELIGIBILITY}/quick-action", {"action": "check_eligibility", "contextId": context})


def _create(person: Person, database: Database) -> Request:
    del database
    return Request("POST", f"{TASKS}/", {"contextId": person.open(), "label": "Call the payer"})


def _bulk(person: Person, database: Database) -> Request:
    del database
    context = person.open()
    tasks = [person.new_task(context)["id"] for _ in range(2)]
    return Request("POST", f"{TASKS}/bulk", {"taskIds": tasks, "move": "complete"})


def _update(person: Person, database: Database) -> Request:
    del database
    return Request("PUT", f"{TASKS}/{person.new_task(person.open())['id']}", {"label": "Call the payer again"})


def _delete(person: Person, database: Database) -> Request:
    del database
    return Request("DELETE", f"{TASKS}/{person.new_task(person.open())['id']}")


def _snooze(person: Person, database: Database) -> Request:
    del database
    task = person.new_task(person.open())["id"]
    return Request("POST", f"{TASKS}/{task}/snooze", {"until": "2099-01-01T09:00:00Z"})


def _move(move: str) -> Recipe:
    def recipe(person: Person, database: Database) -> Request:
        del database
        task = person.new_task(person.open(), type="shared")["id"]
        for earlier in _BEFORE.get(move, ()):
            person.done("POST", f"{TASKS}/{task}/{earlier}", {})
        return Request("POST", f"{TASKS}/{task}/{move}", _REASON)

    return recipe


def _import(person: Person, database: Database) -> Request:
    del person, database
    identifier = unique("patient")
    patient = {
        "resourceType": "Patient",
        "id": identifier,
        "identifier": [
            {"type": {"coding": [{"code": "MR"}]}, "system": "urn:example:mrn", "value": unique("MRN")},
        ],
        "name": [{"use": "official", "family": "Test", "given": ["Patient"]}],
        "gender": "female",
        "birthDate": "1980-05-17",
    }
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"fullUrl": f"urn:uuid:{identifier}", "resource": patient}],
    }
    return Request("POST", f"{RECORDS}/import", bundle)


RECIPES: dict[str, Recipe] = {
    f"POST {ELIGIBILITY}/context": _set_context,
    f"POST {ELIGIBILITY}/quick-action": _check_eligibility,
    f"POST {TASKS}/": _create,
    f"POST {TASKS}/bulk": _bulk,
    f"PUT {TASKS}/<task_id>": _update,
    f"DELETE {TASKS}/<task_id>": _delete,
    f"POST {TASKS}/<task_id>/snooze": _snooze,
    **{f"POST {TASKS}/<task_id>/{move}": _move(move) for move in _MOVES},
    f"POST {RECORDS}/import": _import,
}
