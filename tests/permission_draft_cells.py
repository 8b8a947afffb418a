"""How the operations and quick actions of the e-mail drafter are called; see `tests/permission_cells.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.auth.permissions import ROLES_BY_PERMISSION, ROLES_BY_QUICK_ACTION, Permission
from shared.models.roles import Role
from tests.permission_call import EVERYBODY, LEADS, STAFF, Cell, Sent, at, plain
from tests.permission_ids import DRAFTS, EMAIL_DRAFTER, MAKERS, Ids, unique

_ONE = f"{DRAFTS}/<draft_id>"
_REASON = {"reason": "The time was wrong"}
_NO_HASH = "0" * 64
NOT_OURS = (
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
    "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
    "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n\n"
    "--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <nobodys@practice.example>\n\n--b--\n"
)
# Each step with the draft that it can be taken from, and its body.
_STEPS: dict[str, tuple[str, dict[str, Any]]] = {
    "revise": ("template draft", {"instruction": "shorten"}),
    "submit": ("draft", {}),
    "send": ("approved draft", {}),
    "discard": ("draft", {}),
    "answered": ("sent draft", {}),
    "retract": ("sent draft", _REASON),
}
_ACTIONS: dict[str, tuple[frozenset[Role], str, dict[str, Any]]] = {
    "draft_email": (STAFF, "drafting context", {"template": "appt_reminder"}),
    "apply_template": (STAFF, "drafting context", {"template": "no_show_rebook"}),
    "set_tone": (STAFF, "wording context", {"tone": "friendly"}),
    "shorten": (STAFF, "wording context", {}),
    "expand": (STAFF, "wording context", {}),
    "simplify": (STAFF, "wording context", {}),
    "fill_missing_fields": (STAFF, "wording context", {"fields": {"organisation.phone": "555-010-2000"}}),
    "check_phi": (STAFF, "drafting context", {}),
    "submit_for_review": (STAFF, "drafting context", {}),
    "request_changes": (LEADS, "reviewing context", _REASON),
    "send": (STAFF, "sending context", {}),
    "discard": (STAFF, "drafting context", {}),
    "retract_and_correct": (STAFF, "sent e-mail context", _REASON),
    "create_follow_up_task": (STAFF, "drafting context", {"followUpOn": "2099-01-05"}),
}


def _approve(ids: Ids) -> Sent:
    draft = ids("reviewed draft")
    seen = _NO_HASH if ids.replaced else ids.own("GET", f"{DRAFTS}/{draft}")["contentHash"]
    return Sent(f"{DRAFTS}/{draft}/approve", {"contentHash": seen})


def _approve_by_action(ids: Ids) -> Sent:
    context = ids("reviewing context")
    seen = _NO_HASH
    if not ids.replaced:
        (draft,) = ids.own("GET", f"{DRAFTS}?contextId={context}")["drafts"]
        seen = ids.own("GET", f"{DRAFTS}/{draft['id']}")["contentHash"]
    return _action(context, "approve", {"contentHash": seen})


def _action(context: str, name: str, params: dict[str, Any]) -> Sent:
    return Sent(f"{EMAIL_DRAFTER}/quick-action", {"action": name, "contextId": context, "params": params})


def _acting(name: str, kind: str, params: dict[str, Any]) -> Callable[[Ids], Sent]:
    return lambda ids: _action(ids(kind), name, params)


def _drafted(ids: Ids) -> Sent:
    return Sent(DRAFTS, {"contextId": ids("e-mail context"), "template": "appt_reminder"})


def _addressed(ids: Ids) -> Sent:
    """To a payer of the organisation."""
    context = MAKERS["e-mail context"](ids.own)
    recipient = {"kind": "payer", "reference": ids("payer")}
    return Sent(DRAFTS, {"contextId": context, "subject": "Hello", "body": "Please call us.", "recipient": recipient})


def _of_context(end: str) -> Callable[[Ids], Sent]:
    return lambda ids: Sent(f"{EMAIL_DRAFTER}/{end}?contextId={ids('e-mail context')}")


DRAFT_CELLS: dict[str, tuple[Cell, ...]] = {
    f"GET {EMAIL_DRAFTER}/context": (Cell(EVERYBODY, _of_context("context")),),
    f"POST {EMAIL_DRAFTER}/context": (
        Cell(EVERYBODY, plain(f"{EMAIL_DRAFTER}/context", lambda: {"recordType": "Other", "recordId": unique("REC")})),
        Cell(
            EVERYBODY,
            lambda ids: Sent(f"{EMAIL_DRAFTER}/context", {"recordType": "patient", "recordId": ids("patient")}),
            note="patient",
        ),
    ),
    f"GET {EMAIL_DRAFTER}/summary": (Cell(EVERYBODY, _of_context("summary")),),
    f"POST {EMAIL_DRAFTER}/quick-action": (
        *(
            Cell(who, _acting(name, kind, params), ROLES_BY_QUICK_ACTION[name], note=name)
            for name, (who, kind, params) in _ACTIONS.items()
        ),
        Cell(LEADS, _approve_by_action, ROLES_BY_PERMISSION[Permission.DRAFT_APPROVE], note="approve somebody else's"),
    ),
    f"GET {EMAIL_DRAFTER}/templates": (Cell(EVERYBODY, plain(f"{EMAIL_DRAFTER}/templates")),),
    f"GET {DRAFTS}": (
        Cell(EVERYBODY, plain(f"{DRAFTS}?author=me"), note="one's own"),
        Cell(EVERYBODY, _of_context("drafts"), note="of a context"),
        Cell(
            LEADS | {Role.AUDITOR},
            plain(DRAFTS),
            ROLES_BY_PERMISSION[Permission.DRAFT_READ_ALL],
            note="everybody's",
        ),
    ),
    f"POST {DRAFTS}": (Cell(STAFF, _drafted), Cell(STAFF, _addressed, note="to a payer")),
    f"GET {_ONE}": (Cell(EVERYBODY, at(DRAFTS + "/{}", "draft")),),
    f"PUT {_ONE}": (Cell(STAFF, at(DRAFTS + "/{}", "draft", {"body": "Please write to us."})),),
    **{
        f"POST {_ONE}/{step}": (Cell(STAFF, at(DRAFTS + "/{}/" + step, kind, body)),)
        for step, (kind, body) in _STEPS.items()
    },
    f"POST {_ONE}/request-changes": (Cell(LEADS, at(DRAFTS + "/{}/request-changes", "reviewed draft", _REASON)),),
    f"POST {_ONE}/approve": (
        Cell(LEADS, _approve, ROLES_BY_PERMISSION[Permission.DRAFT_APPROVE], note="somebody else's"),
    ),
    f"POST {EMAIL_DRAFTER}/bounces": (
        Cell(STAFF, plain(f"{EMAIL_DRAFTER}/bounces", {"message": NOT_OURS}), note="of nobody's message"),
    ),
}
