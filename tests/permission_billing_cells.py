"""How the operations of the billers' mode are called; see `tests/permission_cells.py`."""

from __future__ import annotations

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
