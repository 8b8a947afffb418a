"""The writes of e-mail drafts; see `tests.e2e.writes`."""

from __future__ import annotations

from typing import Any

from tests.e2e.person import RECORDS, Database, Person
from tests.e2e.recipe import Recipe, Request, a_patient
from tests.permission_draft_cells import NOT_OURS
from tests.permission_ids import DRAFTS, EMAIL_DRAFTER

_ONE = f"{DRAFTS}/<draft_id>"
_REASON = {"reason": "The time was wrong"}
_CONTENT: dict[str, Any] = {
    "subject": "A question",
    "body": "Please call us.",
    "recipient": {"kind": "patient", "address": "person@patients.example"},
}


def email_context(person: Person) -> str:
    """A context of a patient of its own."""
    patient = person.done("POST", f"{RECORDS}/", a_patient())["id"]
    opened = person.done("POST", f"{EMAIL_DRAFTER}/context", {"recordType": "patient", "recordId": patient})
    return str(opened["contextId"])


def new_draft(person: Person, *steps: str, **content: Any) -> dict[str, Any]:
    """A draft, brought forward by `steps`."""
    body = {"contextId": email_context(person)} | (content or _CONTENT)
    draft: dict[str, Any] = person.done("POST", DRAFTS, body)
    for step in steps:
        approval = {"contentHash": draft["contentHash"]} if step == "approve" else {}
        draft = person.done("POST", f"{DRAFTS}/{draft['id']}/{step}", approval)
    return draft


def _on_draft(step: str, body: Any, *before: str, method: str = "POST", **content: Any) -> Recipe:
    def recipe(person: Person, database: Database) -> Request:
        del database
        path = f"{DRAFTS}/{new_draft(person, *before, **content)['id']}"
        return Request(method, f"{path}/{step}" if step else path, body)

    return recipe


def _approve(person: Person, database: Database) -> Request:
    del database
    draft = new_draft(person, "submit")
    return Request("POST", f"{DRAFTS}/{draft['id']}/approve", {"contentHash": draft["contentHash"]})


def _create(person: Person, database: Database) -> Request:
    del database
    return Request("POST", DRAFTS, {"contextId": email_context(person)} | _CONTENT)


def _open(person: Person, database: Database) -> Request:
    del database
    patient = person.done("POST", f"{RECORDS}/", a_patient())["id"]
    return Request("POST", f"{EMAIL_DRAFTER}/context", {"recordType": "patient", "recordId": patient})


def _act(person: Person, database: Database) -> Request:
    del database
    params: dict[str, Any] = {"template": "appt_reminder"}
    body = {"action": "draft_email", "contextId": email_context(person), "params": params}
    return Request("POST", f"{EMAIL_DRAFTER}/quick-action", body)


def _report(person: Person, database: Database) -> Request:
    del database
    sent = new_draft(person, "submit", "approve", "send")
    message = NOT_OURS.replace("<nobodys@practice.example>", sent["messageId"])
    return Request("POST", f"{EMAIL_DRAFTER}/bounces", {"message": message})


DRAFT_RECIPES: dict[str, Recipe] = {
    f"POST {EMAIL_DRAFTER}/context": _open,
    f"POST {EMAIL_DRAFTER}/quick-action": _act,
    f"POST {DRAFTS}": _create,
    f"PUT {_ONE}": _on_draft("", {"body": "Please write to us."}, method="PUT"),
    f"POST {_ONE}/revise": _on_draft("revise", {"instruction": "shorten"}, template="appt_reminder"),
    f"POST {_ONE}/submit": _on_draft("submit", {}),
    f"POST {_ONE}/request-changes": _on_draft("request-changes", _REASON, "submit"),
    f"POST {_ONE}/approve": _approve,
    f"POST {_ONE}/send": _on_draft("send", {}, "submit", "approve"),
    f"POST {_ONE}/discard": _on_draft("discard", {}),
    f"POST {_ONE}/answered": _on_draft("answered", {}, "submit", "approve", "send"),
    f"POST {_ONE}/retract": _on_draft("retract", _REASON, "submit", "approve", "send"),
    f"POST {EMAIL_DRAFTER}/bounces": _report,
}
