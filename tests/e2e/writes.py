"""Every write of the HTTP API, and for each one a request that carries it out on records of its own."""

from __future__ import annotations

from typing import Any

from infra.gateway.openapi import load_operations
from shared.catalog import load_catalog
from shared.models.audit import AuditAction
from tests.e2e.authorization_writes import AUTHORIZATION_RECIPES
from tests.e2e.billing_writes import BILLING_RECIPES
from tests.e2e.draft_writes import DRAFT_RECIPES
from tests.e2e.person import (
    ALERTS,
    AUTH,
    CHAT,
    CONTEXT,
    ELIGIBILITY,
    FEEDBACK,
    GUIDANCE,
    RECORDS,
    TASKS,
    USERS,
    Database,
    Newcomer,
    Person,
    unique,
)
from tests.e2e.recipe import Recipe, Request, a_patient
from tests.e2e.remittance_writes import REMITTANCE_RECIPES

_MOVES = ("complete", "accept", "start", "hold", "release", "reject", "cancel", "fail", "reopen")
_BEFORE = {"start": ("accept",), "release": ("accept",), "fail": ("accept", "start"), "reopen": ("complete",)}
_REASON = {"reason": "Waiting for the payer"}
# Searching is a POST so that no name stands in a URL; it changes nothing.
_READS = {f"POST {RECORDS}/search"}
# A code that a provider's sign-in ended with can be exchanged only after one: test_sign_in_audit.py.
_ELSEWHERE = {f"POST {AUTH}/token"}


def write_operations() -> dict[str, AuditAction]:
    """The audit action of every operation that writes, by method and path template."""
    found: dict[str, AuditAction] = {}
    for entry in load_catalog():
        if entry.kind not in {"http", "stream"}:
            continue
        operations = load_operations(entry)
        for operation in operations.declared:
            name = f"{operation.method} {operations.prefix}{operation.path}"
            if (
                operation.method != "GET"
                and operation.audit is not AuditAction.NONE
                and name not in _READS | _ELSEWHERE
            ):
                found[name] = operation.audit
    return found


def _set_context(person: Person, database: Database) -> Request:
    _, mrn = database.new_patient(person.claims["clientId"])
    return Request("POST", f"{ELIGIBILITY}/context", {"recordType": "Patient ID", "recordId": mrn})


def _update_context(person: Person, database: Database) -> Request:
    wanted = _set_context(person, database).body
    return Request("POST", f"{CONTEXT}/update", {"mode": "eligibility"} | wanted)


def _act_in_context(person: Person, database: Database) -> Request:
    return Request("POST", f"{CONTEXT}/quick-action", _check_eligibility(person, database).body)


def _execute_guidance(person: Person, database: Database) -> Request:
    return Request("POST", f"{GUIDANCE}/execute", _check_eligibility(person, database).body | {"contextVersion": 1})


def _check_eligibility(person: Person, database: Database) -> Request:
    _, mrn = database.new_patient(person.claims["clientId"])
    context = person.open(mrn, "Patient ID")
    return Request("POST", f"{ELIGIBILITY}/quick-action", {"action": "check_eligibility", "contextId": context})


def _create(person: Person, database: Database) -> Request:
    del database
    return Request("POST", f"{TASKS}/", {"contextId": person.open(), "label": "Call the payer"})


def _ask(path: str) -> Recipe:
    """A question for which the assistant reads nothing: what it reads leaves rows of its own."""

    def recipe(person: Person, database: Database) -> Request:
        _, mrn = database.new_patient(person.claims["clientId"])
        context = person.open(mrn, "Patient ID")
        return Request("POST", f"{CHAT}/{path}", {"contextId": context, "content": "Hello"})

    return recipe


def _stop_reply(person: Person, database: Database) -> Request:
    asked = _ask("messages")(person, database)
    reply = person.done("POST", asked.path, asked.body)["reply"]["id"]
    return Request("POST", f"{CHAT}/messages/{reply}/stop")


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


def _feedback(end: str, **said: Any) -> Recipe:
    def recipe(person: Person, database: Database) -> Request:
        del database
        return Request("POST", f"{FEEDBACK}/{end}", {"messageId": person.new_message(person.open())} | said)

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


def _write_record(person: Person, database: Database) -> Request:
    del person, database
    return Request("POST", f"{RECORDS}/", a_patient())


def _delete_record(person: Person, database: Database) -> Request:
    del database
    return Request("DELETE", f"{RECORDS}/patient/{person.done('POST', f'{RECORDS}/', a_patient())['id']}")


def _newcomer() -> dict[str, Any]:
    return {"email": f"{unique('person')}@riverside.example", "name": "New Person", "role": "biller"}


def _on_user(method: str, end: str = "", body: Any = None, *, before: str | None = None) -> Recipe:
    """A write about a person who was invited for it."""

    def recipe(person: Person, database: Database) -> Request:
        del database
        made = person.done("POST", USERS, _newcomer())["id"]
        if before is not None:
            person.done(before, f"{USERS}/{made}")
        return Request(method, f"{USERS}/{made}{end}", body)

    return recipe


def _just(method: str, path: str, body: Any) -> Recipe:
    """A write that needs nothing beforehand."""

    def recipe(person: Person, database: Database) -> Request:
        del person, database
        return Request(method, path, body() if callable(body) else body)

    return recipe


def _accept(person: Person, database: Database) -> Request:
    del database
    code = person.done("POST", USERS, _newcomer())["invitationCode"]
    return Request("POST", f"{USERS}/accept", {"code": code, "password": "correct horse battery"})


def _credentials(person: Person) -> dict[str, str]:
    found = (
        one for one in person.stack.described["signIns"] if (one["role"], one["client"]) == (person.role, person.client)
    )
    account = next(found)
    return {"email": account["email"], "password": account["password"]}


def _login(person: Person, database: Database) -> Request:
    del database
    return Request("POST", f"{AUTH}/login", _credentials(person))


def _refresh(person: Person, database: Database) -> Request:
    del database
    signed_in = person.done("POST", f"{AUTH}/login", _credentials(person))
    return Request("POST", f"{AUTH}/refresh", {"refreshToken": signed_in["refreshToken"]})


def _logout(person: Person, database: Database) -> Request:
    """Signed out is somebody who came for it: it ends every sign-in of a person."""
    accepting = _accept(person, database)
    email = person.done("POST", accepting.path, accepting.body)["email"]
    signed_in = person.done("POST", f"{AUTH}/login", {"email": email, "password": accepting.body["password"]})
    return Request("POST", f"{AUTH}/logout", {}, by=Newcomer(person, signed_in["idToken"]))


def _alert(person: Person) -> str:
    body = {"message": "The portal is down", "audience": {"userIds": [person.claims["userId"]]}}
    return str(person.done("POST", f"{ALERTS}/", body)["id"])


def _on_alert(method: str, end: str, body: Any = None) -> Recipe:
    """A write about an alert to the person who makes it."""

    def recipe(person: Person, database: Database) -> Request:
        del database
        return Request(method, f"{ALERTS}/{_alert(person)}/{end}", body)

    return recipe


def _device() -> dict[str, str]:
    return {"token": f"token-of-a-device:{unique('device')}"}


def _remove_device(person: Person, database: Database) -> Request:
    del database
    device = person.done("POST", f"{ALERTS}/devices", _device())["id"]
    return Request("DELETE", f"{ALERTS}/devices/{device}")


# Sent by an admin of the organisation; all others by a manager.
BY_ADMIN = frozenset(
    {
        f"POST {USERS}",
        f"POST {USERS}/accept",
        f"PUT {USERS}/client",
        f"PUT {USERS}/<user_id>",
        f"DELETE {USERS}/<user_id>",
        f"POST {USERS}/<user_id>/reactivate",
        f"POST {USERS}/<user_id>/invitation",
        f"POST {AUTH}/logout",
    }
)
# Nobody is signed in: the row is of whom the request is about.
OF_A_VISITOR = frozenset({f"POST {USERS}/accept", f"POST {AUTH}/login", f"POST {AUTH}/refresh"})
# No answer is kept under a key: it would be a token or for nobody, or whoever asks is signed out.
WITHOUT_KEY = OF_A_VISITOR | {f"POST {AUTH}/logout"}

RECIPES: dict[str, Recipe] = {
    f"POST {ELIGIBILITY}/context": _set_context,
    f"POST {ELIGIBILITY}/quick-action": _check_eligibility,
    f"POST {CONTEXT}/update": _update_context,
    f"POST {CONTEXT}/quick-action": _act_in_context,
    **AUTHORIZATION_RECIPES,
    **BILLING_RECIPES,
    **REMITTANCE_RECIPES,
    **DRAFT_RECIPES,
    f"POST {GUIDANCE}/execute": _execute_guidance,
    f"POST {CHAT}/messages": _ask("messages"),
    f"POST {CHAT}/stream/": _ask("stream"),
    f"POST {CHAT}/messages/<message_id>/stop": _stop_reply,
    f"POST {TASKS}/": _create,
    f"POST {TASKS}/bulk": _bulk,
    f"PUT {TASKS}/<task_id>": _update,
    f"DELETE {TASKS}/<task_id>": _delete,
    f"POST {TASKS}/<task_id>/snooze": _snooze,
    **{f"POST {TASKS}/<task_id>/{move}": _move(move) for move in _MOVES},
    f"POST {ALERTS}/": _just("POST", f"{ALERTS}/", {"message": "Down", "audience": {"roles": ["biller"]}}),
    f"PUT {ALERTS}/<alert_id>/acknowledge": _on_alert("PUT", "acknowledge", {"outcome": "handled"}),
    f"POST {ALERTS}/<alert_id>/snooze": _on_alert("POST", "snooze", {"until": "2099-01-01T09:00:00Z"}),
    f"POST {ALERTS}/<alert_id>/resolve": _on_alert("POST", "resolve"),
    f"POST {ALERTS}/devices": _just("POST", f"{ALERTS}/devices", _device),
    f"DELETE {ALERTS}/devices/<device_id>": _remove_device,
    f"POST {FEEDBACK}/": _feedback("", rating="up", questionnaire={"comments": "Which visit is meant?"}),
    f"POST {FEEDBACK}/rating": _feedback("rating", rating="down", reasons=["unsafe"]),
    f"POST {FEEDBACK}/questionnaire": _feedback("questionnaire", questionnaire={"improvement": "Shorter"}),
    f"POST {RECORDS}/import": _import,
    f"POST {RECORDS}/": _write_record,
    f"DELETE {RECORDS}/<record_type>/<reference>": _delete_record,
    f"POST {AUTH}/login": _login,
    f"POST {AUTH}/refresh": _refresh,
    f"POST {AUTH}/logout": _logout,
    f"POST {USERS}": _just("POST", USERS, _newcomer),
    f"POST {USERS}/accept": _accept,
    f"PUT {USERS}/me": _just("PUT", f"{USERS}/me", {}),
    f"PUT {USERS}/me/preferences": _just("PUT", f"{USERS}/me/preferences", {"assistant": {"mode": "Manual"}}),
    f"PUT {USERS}/client": _just("PUT", f"{USERS}/client", {}),
    f"PUT {USERS}/<user_id>": _on_user("PUT", body={"role": "front_desk"}),
    f"DELETE {USERS}/<user_id>": _on_user("DELETE"),
    f"POST {USERS}/<user_id>/reactivate": _on_user("POST", "/reactivate", before="DELETE"),
    f"POST {USERS}/<user_id>/invitation": _on_user("POST", "/invitation"),
}
