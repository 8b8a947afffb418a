"""The front desk's quick actions about a day, calls and hand-offs: who may, and with whose visits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.auth.permissions import ROLES_BY_QUICK_ACTION
from shared.models.roles import Role
from tests.permission_call import FRONT_DESK, Cell, Sent
from tests.permission_ids import API, Ids, unique

DESK = f"{API}/modes/front-desk"
_LOOKING = FRONT_DESK | {Role.AUDITOR}


def _acting(name: str, *, visit: bool = True, **params: Any) -> Callable[[Ids], Sent]:
    """A quick action in a context that is about no patient, on a visit that is named."""

    def send(ids: Ids) -> Sent:
        opened = {"recordType": "Other", "recordId": unique("DESK")}
        context = ids.own("POST", f"{DESK}/context", opened)["contextId"]
        about = {"visitId": ids("visit", "params.visitId")} if visit else {}
        return Sent(f"{DESK}/quick-action", {"action": name, "contextId": context, "params": params | about})

    return send


DAY_ACTION_CELLS = (
    Cell(
        _LOOKING, _acting("readiness_list", visit=False), ROLES_BY_QUICK_ACTION["readiness_list"], note="readiness_list"
    ),
    Cell(FRONT_DESK, _acting("call_script", whom="payer"), ROLES_BY_QUICK_ACTION["call_script"], note="call_script"),
    Cell(FRONT_DESK, _acting("handoff", to="eligibility"), ROLES_BY_QUICK_ACTION["handoff"], note="handoff"),
)
