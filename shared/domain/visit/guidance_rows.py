"""The table of the front desk's actions, in the order of their urgency."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.domain.visit.ground import DeskGround
from shared.models.guidance import ActionKind
from shared.models.roles import Role

_LEADS = frozenset({Role.ADMIN, Role.MANAGER})
_DESK = _LEADS | {Role.FRONT_DESK}
_BOOKED = frozenset({"scheduled", "confirmed"})
_BEFORE = _BOOKED | {"arrived", "checking_in"}
_PRESENT = frozenset({"arrived", "checking_in", "checked_in", "checked_out", "completed"})
_NEXT_MOVES = {
    "checked_in": ("room_patient", "Take to Room"),
    "roomed": ("start_visit", "With Provider"),
    "with_provider": ("check_out", "Check Out"),
    "checked_out": ("complete_visit", "Complete Visit"),
}
_REASON = {"type": "string", "minLength": 1, "maxLength": 500, "title": "Reason"}
_METHODS = {"enum": ["cash", "card", "check", "other"], "title": "Paid by"}
# What each member of a check-in asks for, as JSON Schema.
_MEMBERS: dict[str, dict[str, Any]] = {
    "identifiers": {
        "type": "array",
        "minItems": 2,
        "items": {"enum": ["full_name", "date_of_birth", "photo_id", "address", "phone", "member_id"]},
        "title": "Identifiers confirmed",
    },
    "demographicsReviewed": {"type": "boolean", "title": "Demographics reviewed"},
    "coverageVerified": {"type": "boolean", "title": "Insurance card confirmed"},
    "selfPayAcknowledged": {"type": "boolean", "title": "Self-pay acknowledged"},
    "forms": {"type": "array", "items": {"type": "string"}, "title": "Forms signed"},
    "copay": {
        "type": "object",
        "properties": {"amountCents": {"type": "integer", "minimum": 0}, "method": _METHODS},
        "title": "Copay",
    },
    "copayWaived": _REASON | {"title": "Why no copay is taken"},
    "override": _REASON | {"title": "Why the visit goes on though it is not ready"},
}

When = Callable[[DeskGround], str | None]
Hindered = Callable[[DeskGround, Role], str | None]


def _nothing(_: DeskGround) -> None:
    return None


def _free(_: DeskGround, __: Role) -> None:
    return None


def _visit(ground: DeskGround) -> dict[str, Any]:
    return {"visitId": str(ground.visit.id)}


@dataclass(frozen=True, slots=True)
class Row:
    """An action: `when` says in a sentence why it is offered, `only_when` in general, `hindered` what is in its way."""

    key: str
    label: str
    action: str
    only_when: str
    when: When
    rule: str = "visit"
    roles: frozenset[Role] = _DESK
    kind: ActionKind = "button"
    hindered: Hindered = _free
    params_for: Callable[[DeskGround], dict[str, Any]] = _visit
    form_for: Callable[[DeskGround], dict[str, Any] | None] = _nothing
    naming: Callable[[DeskGround], str | None] = _nothing


def _waits_too_long(ground: DeskGround) -> str | None:
    if ground.wait is None or not ground.wait.too_long:
        return None
    return f"The patient has been {_words(ground.visit.status)} for {ground.wait.minutes} minutes"


def _past_grace(ground: DeskGround) -> str | None:
    if ground.visit.status not in _BOOKED or ground.now < ground.no_show_from:
        return None
    return "The patient has not come, and the grace is over"


def _missed(ground: DeskGround) -> str | None:
    return "The patient did not come" if ground.visit.status == "no_show" else None


def _booked(ground: DeskGround) -> str | None:
    return f"The visit is {_words(ground.visit.status)}" if ground.visit.status in _BOOKED else None


def _not_today(ground: DeskGround, _: Role) -> str | None:
    on = ground.visit.visit_date
    return None if on == ground.now.date() else f"The visit is on {on.isoformat()}"


def _has_arrived(ground: DeskGround) -> str | None:
    if ground.visit.status != "arrived":
        return None
    ready = "ready" if ground.visit.readiness == "ready" else "not ready yet"
    return f"The patient has arrived, and the visit is {ready}"


def _checking_in(ground: DeskGround) -> str | None:
    if ground.visit.status != "checking_in":
        return None
    lacking = ", ".join(_words(step.code) for step in ground.missing)
    return f"Still missing: {lacking}" if lacking else "Nothing is missing"


def _needs_manager(ground: DeskGround, role: Role) -> str | None:
    step = next((one for one in ground.missing if one.needs_manager), None)
    return None if step is None or role in _LEADS else f"{step.text}: {step.clear}"


def _missing_form(ground: DeskGround) -> dict[str, Any] | None:
    """Ask for exactly what is missing."""
    members = {name: _MEMBERS[name] for step in ground.missing for name in step.members if name in _MEMBERS}
    return {"type": "object", "properties": members, "additionalProperties": False} if members else None


def _copay_open(ground: DeskGround) -> str | None:
    step = ground.lacks("copay_open")
    return None if step is None or ground.visit.status not in {"arrived", "checking_in"} else step.text


def _copay_label(ground: DeskGround) -> str | None:
    return None if ground.copay is None else f"Collect Copay ${ground.copay:.2f}"


def _copay_form(ground: DeskGround) -> dict[str, Any]:
    amount: dict[str, Any] = {"type": "integer", "minimum": 0, "title": "Amount in cents"}
    if ground.copay is not None:
        amount["default"] = int(ground.copay * 100)
    properties = {"amountCents": amount, "method": _METHODS}
    return {"type": "object", "properties": properties, "required": ["amountCents"], "additionalProperties": False}


def _forms_missing(ground: DeskGround) -> str | None:
    step = ground.lacks("forms_missing")
    return None if step is None or ground.visit.status != "checking_in" else step.text


def _forms_form(_: DeskGround) -> dict[str, Any]:
    properties = {"forms": _MEMBERS["forms"]}
    return {"type": "object", "properties": properties, "required": ["forms"], "additionalProperties": False}


def _not_ready(ground: DeskGround) -> str | None:
    if ground.visit.status not in _BEFORE or ground.visit.readiness == "ready":
        return None
    return "; ".join(one.text for one in ground.reasons)


def _reason_form(_: DeskGround) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"reason": _REASON},
        "required": ["reason"],
        "additionalProperties": False,
    }


def _here(action: str) -> When:
    def when(ground: DeskGround) -> str | None:
        move = _NEXT_MOVES.get(ground.visit.status)
        known = move is not None and move[0] == action
        return f"The patient is {_words(ground.visit.status)}" if known else None

    return when


def _rebook(_: DeskGround) -> dict[str, Any]:
    return {"label": "Re-book the patient who did not come", "assignedTo": "role:front_desk"}


def _owes(ground: DeskGround) -> str | None:
    return f"The patient owes ${ground.owed:.2f}" if ground.owed > 0 and ground.visit.status in _PRESENT else None


def _letter(ground: DeskGround, template: str) -> dict[str, Any]:
    return {"template": template, "recordType": "Visit ID", "recordId": str(ground.visit.id)}


def _rebooking(ground: DeskGround) -> dict[str, Any]:
    return _letter(ground, "no_show_rebook")


def _statement(ground: DeskGround) -> dict[str, Any]:
    """The letter with what the patient owes: over all claims, so that no claim says it."""
    return _letter(ground, "balance_reminder") | {"fields": {"claim.balance": f"{ground.owed:.2f}"}}


def _to_lead(ground: DeskGround) -> dict[str, Any]:
    return _visit(ground) | {"to": "lead"}


def _words(code: str) -> str:
    return code.replace("_", " ")


ROWS: tuple[Row, ...] = (
    Row(
        "long_wait", "Notify Lead", "handoff", "a patient waits longer than the organisation allows", _waits_too_long,
        kind="handoff", params_for=_to_lead,
    ),
    Row(
        "past_grace", "Mark No-Show", "mark_no_show", "a booked patient has not come and the grace is over",
        _past_grace,
    ),
    Row(
        "rebook_letter", "Draft a Re-Booking Letter", "draft_email", "the patient did not come", _missed,
        params_for=_rebooking,
    ),
    Row(
        "rebook", "Re-Book", "create_task", "the patient did not come", _missed, kind="form", params_for=_rebook,
    ),
    Row("arrive", "Mark Arrived", "mark_arrived", "the visit is booked", _booked, hindered=_not_today),
    Row("check_in", "Start Check-In", "start_check_in", "the patient has arrived", _has_arrived, rule="E21"),
    Row(
        "complete", "Complete Check-In", "complete_check_in", "a check-in was started", _checking_in, kind="form",
        hindered=_needs_manager, form_for=_missing_form,
    ),
    Row(
        "copay", "Record Copay", "record_copay", "a copay is neither recorded nor waived", _copay_open, rule="E14",
        kind="form", form_for=_copay_form, naming=_copay_label,
    ),
    Row(
        "forms", "Forms", "complete_check_in", "a check-in was started", _forms_missing, kind="checklist",
        hindered=_needs_manager, form_for=_forms_form,
    ),
    Row(
        "balance", "Draft a Statement", "draft_email", "the patient owes a balance", _owes, rule="balance",
        params_for=_statement,
    ),
    Row(
        "override", "Override Readiness", "override_readiness", "the visit is not ready", _not_ready, rule="E21",
        kind="form", hindered=_needs_manager, form_for=_reason_form,
    ),
    *(
        Row(action, label, action, f"the patient is {_words(status)}", _here(action))
        for status, (action, label) in _NEXT_MOVES.items()
    ),
)  # fmt: skip
