"""How the operations of the guidance component are called: the part of `permission_cells.CELLS` that is theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.auth.permissions import ROLES_BY_GUIDANCE_ACTION, ROLES_BY_QUICK_ACTION
from shared.models.roles import Role
from tests.permission_call import Cell, Sent
from tests.permission_ids import GUIDANCE, Ids

_EVERYBODY = frozenset(Role)
_STAFF = _EVERYBODY - {Role.AUDITOR}
_INTAKE = _STAFF - {Role.BILLER}


def _executed(action: str, params: Callable[[Ids], dict[str, Any]] = lambda _: {}) -> Callable[[Ids], Sent]:
    def send(ids: Ids) -> Sent:
        context = ids("context")
        return Sent(f"{GUIDANCE}/execute", {"contextId": context, "action": action, "params": params(ids)})

    return send


def _snoozed(ids: Ids) -> dict[str, Any]:
    return {"taskId": ids("task"), "until": "2099-01-01T09:00:00Z"}


def _opened(ids: Ids) -> dict[str, Any]:
    return {"recordType": "patient", "recordId": ids("patient")}


_EVERYWHERE: dict[str, tuple[frozenset[Role], Callable[[Ids], Sent]]] = {
    "open_record": (_EVERYBODY, _executed("open_record", _opened)),
    "switch_mode": (_EVERYBODY, _executed("switch_mode", lambda _: {"mode": "eligibility"})),
    "draft_email": (_STAFF, _executed("draft_email", lambda _: {"template": "insurance_info_needed"})),
    "create_task": (_STAFF, _executed("create_task", lambda _: {"label": "Call the payer"})),
    "snooze": (_STAFF, _executed("snooze", _snoozed)),
    "share_to_backend": (_STAFF, _executed("share_to_backend")),
    "why_not": (_EVERYBODY, _executed("why_not", lambda _: {"action": "request_auth"})),
}

GUIDANCE_CELLS: dict[str, tuple[Cell, ...]] = {
    f"GET {GUIDANCE}/dynamic": (Cell(_EVERYBODY, lambda ids: Sent(f"{GUIDANCE}/dynamic?contextId={ids('context')}")),),
    f"GET {GUIDANCE}/<context_id>": (Cell(_EVERYBODY, lambda ids: Sent(f"{GUIDANCE}/{ids('context')}")),),
    f"POST {GUIDANCE}/execute": (
        Cell(_INTAKE, _executed("check_eligibility"), ROLES_BY_QUICK_ACTION["check_eligibility"], note="of the mode"),
        *(Cell(who, send, ROLES_BY_GUIDANCE_ACTION[name], note=name) for name, (who, send) in _EVERYWHERE.items()),
        Cell(
            _EVERYBODY,
            _executed("explain_verdict"),
            ROLES_BY_GUIDANCE_ACTION["explain_verdict"],
            note="explain_verdict",
        ),
    ),
}
