"""How the operations and quick actions about authorizations are called; see `tests/permission_cells.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.auth.permissions import ROLES_BY_QUICK_ACTION
from tests.permission_call import BILLING, ELIGIBILITY_TEAM, EVERYBODY, FRONT_DESK, Cell, Sent, action, at
from tests.permission_ids import ELIGIBILITY, MAKERS, RECORDS, Ids, unique

AUTHORIZATIONS = f"{ELIGIBILITY}/authorization"
ONE = f"{AUTHORIZATIONS}/<reference>"
_REASON = {"reason": "The visit was called off"}
_GRANT = {"manual": {"outcome": "approved", "units": 6}}
# Each step with the authorization that it can be taken from, and its body.
_STEPS: dict[str, tuple[str, Any]] = {
    "submit": ("draft authorization", {"units": 3}),
    "decision": ("sent authorization", _GRANT),
    "extend": ("granted authorization", {"units": 4}),
    "not-required": ("draft authorization", _REASON),
    "resubmit": ("pended authorization", {}),
    "cancel": ("sent authorization", _REASON),
    "redraft": ("failed authorization", {}),
    "revoke": ("granted authorization", _REASON),
    "appeal": ("denied authorization", {}),
    "peer-to-peer": ("denied authorization", {}),
}
_WAITING = ELIGIBILITY_TEAM | FRONT_DESK | BILLING
_ACTIONS: dict[str, tuple[Any, dict[str, Any]]] = {
    "check_auth_requirement": (_WAITING, {}),
    "check_authorization_status": (_WAITING, {}),
    "request_auth": (ELIGIBILITY_TEAM, {}),
    "request_authorization": (ELIGIBILITY_TEAM, {}),
    "extend_authorization": (ELIGIBILITY_TEAM, {"units": 2}),
    "record_auth_decision": (ELIGIBILITY_TEAM, _GRANT),
    "mark_auth_not_required": (ELIGIBILITY_TEAM, {"evidence": "Portal, reference 7"}),
}
_CONTEXTS = {
    "request_auth": "covered context",
    "request_authorization": "covered context",
    "mark_auth_not_required": "covered context",
    "extend_authorization": "granted context",
    "record_auth_decision": "sent context",
}


def _request(ids: Ids) -> Sent:
    return Sent(AUTHORIZATIONS, {"patientId": ids("patient", "patientId"), "draft": True})


def _with_visit(end: str, *, held: bool = False, body: bool = True) -> Callable[[Ids], Sent]:
    """About a visit of the authorization's own patient; other visits are asked with in the tests of authorizations."""

    def send(ids: Ids) -> Sent:
        authorization = ids("granted authorization")
        if ids.replaced is None:
            patient = ids.own("GET", f"{AUTHORIZATIONS}/{authorization}")["patientId"]
            data = {"visitNumber": unique("VIS"), "visitDate": "2026-12-15", "patientId": patient}
            visit = str(ids.own("POST", f"{RECORDS}/", {"type": "visit", "data": data})["id"])
        else:
            visit = MAKERS["visit"](ids.own)
        if held and ids.replaced is None:
            ids.own("POST", f"{AUTHORIZATIONS}/{authorization}/reserve", {"visitId": visit})
        path = f"{AUTHORIZATIONS}/{authorization}/{end}"
        return Sent(path, {"visitId": visit}) if body else Sent(f"{path}?visitId={visit}")

    return send


AUTHORIZATION_CELLS: dict[str, tuple[Cell, ...]] = {
    f"POST {AUTHORIZATIONS}": (Cell(ELIGIBILITY_TEAM, _request),),
    f"GET {ONE}": (
        Cell(EVERYBODY, at(AUTHORIZATIONS + "/{}", "authorization")),
        Cell(EVERYBODY, at(AUTHORIZATIONS + "/{}", "authorization number"), note="by number"),
    ),
    f"GET {ONE}/match": (Cell(EVERYBODY, _with_visit("match", body=False)),),
    **{
        f"POST {ONE}/{step}": (Cell(ELIGIBILITY_TEAM, at(f"{AUTHORIZATIONS}/{{}}/{step}", kind, body)),)
        for step, (kind, body) in _STEPS.items()
    },
    f"POST {ONE}/reserve": (Cell(ELIGIBILITY_TEAM, _with_visit("reserve")),),
    f"POST {ONE}/release": (Cell(ELIGIBILITY_TEAM, _with_visit("release", held=True)),),
}
AUTHORIZATION_ACTION_CELLS = tuple(
    Cell(
        who,
        action(name, kind=_CONTEXTS.get(name, "context"), **params),
        ROLES_BY_QUICK_ACTION[name],
        note=name,
    )
    for name, (who, params) in _ACTIONS.items()
)
