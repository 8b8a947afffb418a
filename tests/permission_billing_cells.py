"""How the operations of the billers' mode are called; see `tests/permission_cells.py`."""

from __future__ import annotations

from typing import Any

from shared.auth.permissions import ROLES_BY_QUICK_ACTION
from shared.models.roles import Role
from tests.permission_call import BILLING, Cell, Sent, action, at, in_context, plain
from tests.permission_ids import BACKEND, Ids, unique

CLAIMS = f"{BACKEND}/claims"
ONE = f"{CLAIMS}/<reference>"
# Whoever works in the mode: billers, their leads, and the auditor, who looks.
_READERS = BILLING | {Role.AUDITOR}
_NOTE = {"kind": "note", "reason": "Called the payer"}


def _set_context(ids: Ids) -> Sent:
    return Sent(f"{BACKEND}/context", {"recordType": "claim", "recordId": ids("claim")})


# Who may, in which context, with what; the status where what is asked for is not there to be done.
_ACTIONS: dict[str, tuple[frozenset[Role], str, dict[str, Any], int | None]] = {
    "work_queue": (_READERS, "backend context", {}, None),
    "claim_status_check": (_READERS, "backend context", {}, None),
    "deadline_list": (_READERS, "backend context", {}, None),
    "aging_report": (_READERS, "backend context", {}, None),
    "denial_root_cause": (_READERS, "backend context", {}, None),
    "scrub_claim": (BILLING, "backend context", {}, None),
    "hold_claim": (BILLING, "backend context", {"reason": "Ask the provider"}, None),
    "release_hold": (BILLING, "held claim context", {}, None),
    "record_denial": (BILLING, "taken claim context", {"code": "CO-27"}, None),
    "start_appeal": (BILLING, "denied claim context", {"ground": "other"}, None),
    "write_off": (BILLING, "denied claim context", {"reason": "not_covered"}, None),
    "submit_claim": (BILLING, "backend context", {}, 409),
    "correct_and_resubmit": (BILLING, "taken claim context", {}, 409),
    "record_appeal_outcome": (BILLING, "denied claim context", {"outcome": "lost"}, 409),
    "bill_secondary": (BILLING, "taken claim context", {}, 409),
    "link_authorization": (BILLING, "backend context", {"authorizationId": "NONE"}, 422),
}


BILLING_CELLS: dict[str, tuple[Cell, ...]] = {
    f"GET {BACKEND}/context": (Cell(_READERS, in_context(f"{BACKEND}/context", "backend context")),),
    f"POST {BACKEND}/context": (
        Cell(_READERS, plain(f"{BACKEND}/context", lambda: {"recordType": "Other", "recordId": unique("REC")})),
        Cell(_READERS, _set_context, note="claim"),
    ),
    f"GET {BACKEND}/summary": (Cell(_READERS, in_context(f"{BACKEND}/summary", "backend context")),),
    f"POST {BACKEND}/quick-action": (
        Cell(
            _READERS,
            action("view_record", BACKEND, "backend context"),
            ROLES_BY_QUICK_ACTION["view_record"],
            note="view_record",
        ),
        *(
            Cell(who, action(name, BACKEND, kind, **params), ROLES_BY_QUICK_ACTION[name], ok=ok, note=name)
            for name, (who, kind, params, ok) in _ACTIONS.items()
        ),
    ),
    f"GET {BACKEND}/work-queue": (
        Cell(_READERS, plain(f"{BACKEND}/work-queue")),
        Cell(_READERS, plain(f"{BACKEND}/work-queue?queue=denied&reason=CO-197"), note="denied"),
    ),
    f"GET {CLAIMS}": (
        Cell(_READERS, plain(CLAIMS)),
        Cell(_READERS, lambda ids: Sent(f"{CLAIMS}?payerId={ids('payer')}"), unknown=422, note="of a payer"),
    ),
    f"GET {ONE}": (
        Cell(_READERS, at(CLAIMS + "/{}", "claim")),
        Cell(_READERS, at(CLAIMS + "/{}", "claim number"), note="by number"),
    ),
    f"GET {ONE}/events": (Cell(_READERS, at(CLAIMS + "/{}/events", "claim")),),
    f"POST {ONE}/events": (
        Cell(BILLING, at(CLAIMS + "/{}/events", "claim", _NOTE)),
        Cell(BILLING, at(CLAIMS + "/{}/events", "claim number", {"kind": "make_ready"}), note="by number"),
    ),
    f"GET {BACKEND}/deadlines": (Cell(_READERS, plain(f"{BACKEND}/deadlines")),),
    f"GET {BACKEND}/aging": (Cell(_READERS, plain(f"{BACKEND}/aging")),),
}
