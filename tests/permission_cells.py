"""Every operation of the HTTP API: who may, how it is called, and with which ids. What permission tests are made of.

`CELLS` has one or more entries an operation. `who` is what was decided, in words of this file; the tests hold the
permission table to it, and the product to the table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.auth.permissions import (
    MODES_BY_ROLE,
    ROLES_BY_PERMISSION,
    ROLES_BY_QUICK_ACTION,
    ROLES_BY_RECORD_TYPE,
    ROLES_BY_WRITTEN_TYPE,
    Permission,
)
from shared.models.roles import Role
from shared.web.operations import Operation
from tests.permission_guidance_cells import GUIDANCE_CELLS
from tests.permission_ids import (
    API,
    AUTH,
    CONTEXT,
    ELIGIBILITY,
    MAKERS,
    MODES,
    NUMBERED,
    PASSWORD,
    POINTS_AT,
    RECORDS,
    TASKS,
    USERS,
    Ids,
    newcomer,
    record_body,
    unique,
)
from tests.permission_requests import Cell, Sent

__all__ = ["CELLS", "EVERYBODY", "Cell", "Sent", "allowed_by_the_table", "is_public"]

ADMIN = frozenset({Role.ADMIN})
LEADS = frozenset({Role.ADMIN, Role.MANAGER})
STAFF = frozenset(Role) - {Role.AUDITOR}
EVERYBODY = frozenset(Role)
ELIGIBILITY_TEAM = LEADS | {Role.ELIGIBILITY_SPECIALIST}
INTAKE = ELIGIBILITY_TEAM | {Role.FRONT_DESK}
BILLING = LEADS | {Role.BILLER}
FRONT_DESK = LEADS | {Role.FRONT_DESK}


def allowed_by_the_table(operation: Operation, cell: Cell) -> frozenset[Role]:
    """The roles that the permission table allows a cell for."""
    roles = ROLES_BY_PERMISSION[operation.permission] & cell.needs
    return frozenset(role for role in roles if operation.mode is None or operation.mode in MODES_BY_ROLE[role])


def _at(path: str, kind: str, body: Any = None) -> Callable[[Ids], Sent]:
    """A request whose path holds one id, at `{}`."""
    return lambda ids: Sent(path.format(ids(kind)), body)


def _plain(path: str, body: Any = None) -> Callable[[Ids], Sent]:
    """A request without ids; a function makes its body anew each time."""
    return lambda _: Sent(path, body() if callable(body) else body)


def _in_context(path: str) -> Callable[[Ids], Sent]:
    return lambda ids: Sent(f"{path}?contextId={ids('context')}")


def _moved_to(patient: str) -> dict[str, str]:
    return {"mode": "eligibility", "recordType": "patient", "recordId": patient}


def _action(name: str, where: str = ELIGIBILITY) -> Callable[[Ids], Sent]:
    return lambda ids: Sent(f"{where}/quick-action", {"action": name, "contextId": ids("context")})


def _set_context(record_type: str, kind: str) -> Callable[[Ids], Sent]:
    return lambda ids: Sent(f"{ELIGIBILITY}/context", {"recordType": record_type, "recordId": ids(kind)})


def _written(record_type: str) -> Callable[[Ids], Sent]:
    def send(ids: Ids) -> Sent:
        targets = {member: ids(at, f"data.{member}") for member, at in POINTS_AT[record_type].items()}
        return Sent(f"{RECORDS}/", record_body(record_type, **targets))

    return send


def _claim_on_a_visit(ids: Ids) -> Sent:
    """A claim's visit is its own patient's; for a visit that is not there, any patient of the organisation does."""
    visit = ids("visit", "data.visitId")
    if ids.replaced == "data.visitId":
        patient = MAKERS["patient"](ids.own)
    else:
        patient = ids.own("GET", f"{RECORDS}/visit/{visit}")["data"]["patientId"]
    return Sent(f"{RECORDS}/", record_body("claim", visitId=visit, patientId=patient))


_WRITERS = {
    "patient": INTAKE,
    "visit": FRONT_DESK,
    "coverage": INTAKE,
    "payer": LEADS,
    "payer_rule": ELIGIBILITY_TEAM,
    "provider": LEADS,
    "claim": BILLING,
    "authorization": ELIGIBILITY_TEAM,
}
_ACTIONS = {"check_eligibility": INTAKE, "view_record": EVERYBODY}
_MOVES = {"complete": "task", "accept": "task", "start": "accepted task", "hold": "task", "release": "accepted task",
          "reject": "task", "cancel": "task", "fail": "started task", "reopen": "completed task"}  # fmt: skip
_EMPTY_BUNDLE = {"resourceType": "Bundle", "type": "transaction", "entry": []}


def _record_cells(how: str) -> tuple[Cell, ...]:
    """A read of each type, by uuid and by number; `how` is what stands behind the id."""
    path = RECORDS + "/{}/{{}}" + how
    return tuple(
        Cell(EVERYBODY, _at(path.format(kind.partition(" ")[0]), kind), seen_by, refused=404, note=kind)
        for kind in (*POINTS_AT, *(f"{one} number" for one in NUMBERED))
        for seen_by in (ROLES_BY_RECORD_TYPE[kind.partition(" ")[0]],)
    )


CELLS: dict[str, tuple[Cell, ...]] = {
    f"GET {API}/health": (Cell(EVERYBODY, _plain(f"{API}/health")),),
    f"GET {API}/openapi.json": (Cell(EVERYBODY, _plain(f"{API}/openapi.json")),),
    f"GET {API}/docs": (Cell(EVERYBODY, _plain(f"{API}/docs")),),
    f"GET {API}/docs/<asset>": (Cell(EVERYBODY, _plain(f"{API}/docs/start.js")),),
    f"GET {MODES}": (Cell(EVERYBODY, _plain(MODES)),),
    **{
        f"{method} {MODES}/<mode>{rest}": (Cell(EVERYBODY, _plain(f"{MODES}/nonesuch{given}"), ok=404),)
        for method in ("GET", "POST", "PUT", "DELETE")
        for rest, given in (("", ""), ("/<path:rest>", "/context"))
    },
    f"POST {AUTH}/login": (
        Cell(
            EVERYBODY,
            _plain(f"{AUTH}/login", {"email": "biller@riverside.example", "password": "demo-mobius-2026"}),
        ),
    ),
    f"POST {AUTH}/refresh": (Cell(EVERYBODY, _plain(f"{AUTH}/refresh", {"refreshToken": "none"}), ok=401),),
    f"POST {AUTH}/logout": (Cell(EVERYBODY, _plain(f"{AUTH}/logout"), note="ends the session"),),
    f"GET {AUTH}/oauth": (Cell(EVERYBODY, _plain(f"{AUTH}/oauth")),),
    f"GET {AUTH}/oauth/<provider>/start": (Cell(EVERYBODY, _plain(f"{AUTH}/oauth/nonesuch/start"), ok=404),),
    f"GET {AUTH}/oauth/<provider>/callback": (Cell(EVERYBODY, _plain(f"{AUTH}/oauth/nonesuch/callback"), ok=422),),
    f"POST {AUTH}/token": (Cell(EVERYBODY, _plain(f"{AUTH}/token", {"code": "none"}), ok=401),),
    f"GET {AUTH}/me": (Cell(EVERYBODY, _plain(f"{AUTH}/me")),),
    f"GET {USERS}": (Cell(LEADS, _plain(USERS)),),
    f"POST {USERS}": (Cell(ADMIN, _plain(USERS, newcomer)),),
    f"POST {USERS}/accept": (
        Cell(
            EVERYBODY,
            lambda ids: Sent(f"{USERS}/accept", {"code": ids("invitation"), "password": PASSWORD}),
            foreign=200,
            note="a code is good for whoever holds it",
        ),
    ),
    f"GET {USERS}/me": (Cell(EVERYBODY, _plain(f"{USERS}/me")),),
    f"PUT {USERS}/me": (Cell(EVERYBODY, _plain(f"{USERS}/me", {})),),
    f"GET {USERS}/me/preferences": (Cell(EVERYBODY, _plain(f"{USERS}/me/preferences")),),
    f"PUT {USERS}/me/preferences": (Cell(EVERYBODY, _plain(f"{USERS}/me/preferences", {})),),
    f"GET {USERS}/roles": (Cell(EVERYBODY, _plain(f"{USERS}/roles")),),
    f"GET {USERS}/client": (Cell(EVERYBODY, _plain(f"{USERS}/client")),),
    f"PUT {USERS}/client": (Cell(ADMIN, _plain(f"{USERS}/client", {})),),
    f"GET {USERS}/<user_id>": (Cell(LEADS, _at(USERS + "/{}", "user")),),
    f"PUT {USERS}/<user_id>": (Cell(ADMIN, _at(USERS + "/{}", "user", {"role": "manager"})),),
    f"DELETE {USERS}/<user_id>": (Cell(ADMIN, _at(USERS + "/{}", "user")),),
    f"POST {USERS}/<user_id>/reactivate": (Cell(ADMIN, _at(USERS + "/{}/reactivate", "deactivated user")),),
    f"POST {USERS}/<user_id>/invitation": (Cell(ADMIN, _at(USERS + "/{}/invitation", "user")),),
    f"GET {RECORDS}/types": (Cell(EVERYBODY, _plain(f"{RECORDS}/types")),),
    f"GET {RECORDS}/search": (Cell(EVERYBODY, _plain(f"{RECORDS}/search?q=MRN553")),),
    f"POST {RECORDS}/search": (Cell(EVERYBODY, _plain(f"{RECORDS}/search", {"q": "MRN553"})),),
    f"POST {RECORDS}/import": (Cell(LEADS, _plain(f"{RECORDS}/import", _EMPTY_BUNDLE), note="needs PostgreSQL"),),
    f"GET {RECORDS}/<record_type>/<reference>": _record_cells(""),
    f"GET {RECORDS}/<record_type>/<reference>/history": _record_cells("/history"),
    f"POST {RECORDS}/": (
        *(Cell(_WRITERS[one], _written(one), ROLES_BY_WRITTEN_TYPE[one], unknown=422, note=one) for one in POINTS_AT),
        Cell(BILLING, _claim_on_a_visit, ROLES_BY_WRITTEN_TYPE["claim"], unknown=422, note="claim on a visit"),
    ),
    f"DELETE {RECORDS}/<record_type>/<reference>": tuple(
        Cell(LEADS, _at(f"{RECORDS}/{one}/{{}}", one), ROLES_BY_WRITTEN_TYPE[one], note=one) for one in POINTS_AT
    ),
    f"GET {API}/jobs/<job_id>": (Cell(EVERYBODY, _plain(f"{API}/jobs/job_gone"), ok=404),),
    f"GET {CONTEXT}/current": (Cell(EVERYBODY, _in_context(f"{CONTEXT}/current")),),
    f"GET {CONTEXT}/summary": (Cell(EVERYBODY, _in_context(f"{CONTEXT}/summary")),),
    f"GET {CONTEXT}/history": (Cell(EVERYBODY, _plain(f"{CONTEXT}/history")),),
    f"POST {CONTEXT}/update": (Cell(EVERYBODY, lambda ids: Sent(f"{CONTEXT}/update", _moved_to(ids("patient")))),),
    f"POST {CONTEXT}/quick-action": (
        Cell(EVERYBODY, _action("view_record", CONTEXT), ROLES_BY_QUICK_ACTION["view_record"]),
    ),
    **GUIDANCE_CELLS,
    f"GET {TASKS}/": (Cell(EVERYBODY, _in_context(f"{TASKS}/")),),
    f"GET {TASKS}/shared": (
        Cell(EVERYBODY, _plain(f"{TASKS}/shared")),
        Cell(EVERYBODY, _in_context(f"{TASKS}/shared"), note="of a context"),
    ),
    f"GET {TASKS}/backend": (
        Cell(EVERYBODY, _plain(f"{TASKS}/backend")),
        Cell(EVERYBODY, _in_context(f"{TASKS}/backend"), note="of a context"),
    ),
    f"POST {TASKS}/": (
        Cell(STAFF, lambda ids: Sent(f"{TASKS}/", {"contextId": ids("context"), "label": "Call the payer"})),
    ),
    f"POST {TASKS}/bulk": (
        Cell(
            STAFF,
            lambda ids: Sent(f"{TASKS}/bulk", {"taskIds": [ids("task")], "move": "complete"}),
            unknown=200,
            note="each task has its own outcome",
        ),
    ),
    f"PUT {TASKS}/<task_id>": (Cell(STAFF, _at(TASKS + "/{}", "task", {"label": "Call again"})),),
    f"DELETE {TASKS}/<task_id>": (Cell(STAFF, _at(TASKS + "/{}", "task")),),
    f"POST {TASKS}/<task_id>/snooze": (
        Cell(STAFF, _at(TASKS + "/{}/snooze", "task", {"until": "2099-01-01T09:00:00Z"})),
    ),
    **{
        f"POST {TASKS}/<task_id>/{move}": (Cell(STAFF, _at(TASKS + "/{}/" + move, kind, {"reason": "Waiting"})),)
        for move, kind in _MOVES.items()
    },
    f"GET {ELIGIBILITY}/context": (Cell(EVERYBODY, _in_context(f"{ELIGIBILITY}/context")),),
    f"POST {ELIGIBILITY}/context": (
        Cell(EVERYBODY, _plain(f"{ELIGIBILITY}/context", lambda: {"recordType": "Other", "recordId": unique("REC")})),
        *(
            Cell(
                EVERYBODY,
                _set_context(kind.partition(" ")[0], kind),
                ROLES_BY_RECORD_TYPE[kind.partition(" ")[0]],
                refused=404,
                note=kind,
            )
            for kind in ("patient", "patient number", "claim", "claim number", "visit", "authorization")
        ),
    ),
    f"GET {ELIGIBILITY}/summary": (Cell(EVERYBODY, _in_context(f"{ELIGIBILITY}/summary")),),
    f"POST {ELIGIBILITY}/quick-action": tuple(
        Cell(who, _action(name), ROLES_BY_QUICK_ACTION[name], note=name) for name, who in _ACTIONS.items()
    ),
    f"GET {ELIGIBILITY}/patient/<reference>": (
        Cell(EVERYBODY, _at(ELIGIBILITY + "/patient/{}", "patient")),
        Cell(EVERYBODY, _at(ELIGIBILITY + "/patient/{}", "patient number"), note="by number"),
    ),
    f"GET {ELIGIBILITY}/claims/<reference>": (Cell(EVERYBODY, _at(ELIGIBILITY + "/claims/{}", "patient")),),
}


def is_public(operation: Operation) -> bool:
    """Tell whether anybody may, signed in or not."""
    return operation.permission is Permission.PUBLIC
