"""How the operations and quick actions of the front desk are called; see `tests/permission_cells.py`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.auth.permissions import ROLES_BY_QUICK_ACTION
from shared.models.roles import Role
from tests.permission_call import FRONT_DESK as MOVERS
from tests.permission_call import Cell, Sent, action, at, plain
from tests.permission_ids import DESK, Ids, unique
from tests.unit.front_office import WHOLE as CHECKED_IN

SEEING = MOVERS | {Role.AUDITOR}
WHOLE: dict[str, Any] = {**CHECKED_IN, "override": "The patient is known here"}
# Each quick action with the state of the visit that it is asked of, and its parameters.
_ACTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "confirm_appointment": ("scheduled", {}),
    "mark_arrived": ("scheduled", {}),
    "start_check_in": ("arrived", {}),
    "complete_check_in": ("checking_in", WHOLE),
    "room_patient": ("checked_in", {}),
    "start_visit": ("roomed", {}),
    "check_out": ("with_provider", {}),
    "complete_visit": ("checked_out", {}),
    "cancel_visit": ("scheduled", {"reason": "The patient called"}),
    "reschedule_visit": (
        "scheduled",
        {"visitDate": (datetime.now(UTC) + timedelta(days=9)).date().isoformat()},
    ),
    "mark_no_show": ("scheduled", {}),
    "left_without_being_seen": ("arrived", {}),
    "undo_last_status": ("moved", {}),
    "override_readiness": ("scheduled", {"reason": "The patient is known here"}),
    "record_copay": ("arrived", {"amountCents": 1000, "method": "cash"}),
    "update_demographics": ("scheduled", {"version": 1, "phone": "555-0199"}),
    "add_walk_in": ("scheduled", {}),
    "call_script": ("scheduled", {"whom": "payer"}),
    "handoff": ("scheduled", {"to": "eligibility"}),
}


def _check_in(ids: Ids) -> Sent:
    return Sent(f"{DESK}/check-in", {"visitId": ids("arrived visit", "visitId"), **WHOLE})


FRONT_DESK_CELLS: dict[str, tuple[Cell, ...]] = {
    f"GET {DESK}/context": (Cell(SEEING, lambda ids: Sent(f"{DESK}/context?contextId={ids('scheduled desk')}")),),
    f"POST {DESK}/context": (
        Cell(SEEING, plain(f"{DESK}/context", lambda: {"recordType": "Other", "recordId": unique("REC")})),
        Cell(
            SEEING,
            lambda ids: Sent(f"{DESK}/context", {"recordType": "Visit ID", "recordId": ids("visit")}),
            note="visit",
        ),
    ),
    f"GET {DESK}/summary": (Cell(SEEING, lambda ids: Sent(f"{DESK}/summary?contextId={ids('scheduled desk')}")),),
    f"POST {DESK}/quick-action": (
        *(
            Cell(
                SEEING,
                action(name, DESK, "scheduled desk"),
                ROLES_BY_QUICK_ACTION[name],
                note=name,
            )
            for name in ("view_record", "todays_schedule", "readiness_list")
        ),
        *(
            Cell(
                MOVERS,
                action(name, DESK, f"{state} desk", **params),
                ROLES_BY_QUICK_ACTION[name],
                note=name,
            )
            for name, (state, params) in _ACTIONS.items()
        ),
    ),
    f"GET {DESK}/appointments": (Cell(SEEING, plain(f"{DESK}/appointments")),),
    f"GET {DESK}/appointments/<reference>": (
        Cell(SEEING, at(DESK + "/appointments/{}", "visit")),
        Cell(SEEING, at(DESK + "/appointments/{}", "visit number"), note="by number"),
    ),
    f"POST {DESK}/check-in": (Cell(MOVERS, _check_in),),
}
