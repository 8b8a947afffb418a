"""Every operation of the HTTP API: who may, how it is called, and with which ids. What permission tests are made of.

`CELLS` has one or more entries an operation. `who` is what was decided, in words of this file; the tests hold the
permission table to it, and the product to the table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.auth.permissions import (
    ROLES_BY_QUICK_ACTION,
    ROLES_BY_RECORD_TYPE,
    ROLES_BY_WRITTEN_TYPE,
)
from shared.models.roles import Role
from tests.permission_alert_cells import ALERT_CELLS, FEEDBACK_CELLS
from tests.permission_authorization_cells import AUTHORIZATION_ACTION_CELLS, AUTHORIZATION_CELLS
from tests.permission_billing_cells import BILLING_CELLS
from tests.permission_call import (
    ADMIN,
    BILLING,
    ELIGIBILITY_TEAM,
    EVERYBODY,
    FRONT_DESK,
    INTAKE,
    LEADS,
    STAFF,
    Cell,
    Sent,
    action,
    at,
    in_context,
    plain,
)
from tests.permission_chat_cells import CHAT_CELLS
from tests.permission_coverage_cells import COVERAGE_ACTION_CELLS
from tests.permission_draft_cells import DRAFT_CELLS
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
from tests.permission_remittance_cells import REMITTANCE_CELLS


def _moved_to(patient: str) -> dict[str, str]:
    return {"mode": "eligibility", "recordType": "patient", "recordId": patient}


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
_ACTIONS = {"check_eligibility": INTAKE, "view_record": EVERYBODY, "batch_check_schedule": INTAKE}
_READINGS: dict[str, tuple[frozenset[Role], dict[str, Any]]] = {
    "explain_verdict": (EVERYBODY, {}),
    "why_not": (EVERYBODY, {"action": "request_auth"}),
    "compare_last_check": (EVERYBODY, {}),
    "estimate_patient_cost": (STAFF, {"allowedAmount": 120}),
    "get_claims": (EVERYBODY, {}),
}
_BEGUN = {"batch_check_schedule"}
_MOVES = {"complete": "task", "accept": "task", "start": "accepted task", "hold": "task", "release": "accepted task",
          "reject": "task", "cancel": "task", "fail": "started task", "reopen": "completed task"}  # fmt: skip
_EMPTY_BUNDLE = {"resourceType": "Bundle", "type": "transaction", "entry": []}


def _record_cells(how: str) -> tuple[Cell, ...]:
    """A read of each type, by uuid and by number; `how` is what stands behind the id."""
    path = RECORDS + "/{}/{{}}" + how
    return tuple(
        Cell(EVERYBODY, at(path.format(kind.partition(" ")[0]), kind), seen_by, refused=404, note=kind)
        for kind in (*POINTS_AT, *(f"{one} number" for one in NUMBERED))
        for seen_by in (ROLES_BY_RECORD_TYPE[kind.partition(" ")[0]],)
    )


# Everybody's own, and an answer that does not end: tests/functions/test_live_alerts.py, tests/e2e/test_live_alerts.py.
UNENDING = {f"GET {API}/components/alerts/live/"}
CELLS: dict[str, tuple[Cell, ...]] = {
    f"GET {API}/health": (Cell(EVERYBODY, plain(f"{API}/health")),),
    f"GET {API}/openapi.json": (Cell(EVERYBODY, plain(f"{API}/openapi.json")),),
    f"GET {API}/docs": (Cell(EVERYBODY, plain(f"{API}/docs")),),
    f"GET {API}/docs/<asset>": (Cell(EVERYBODY, plain(f"{API}/docs/start.js")),),
    f"GET {MODES}": (Cell(EVERYBODY, plain(MODES)),),
    **{
        f"{method} {MODES}/<mode>{rest}": (Cell(EVERYBODY, plain(f"{MODES}/nonesuch{given}"), ok=404),)
        for method in ("GET", "POST", "PUT", "DELETE")
        for rest, given in (("", ""), ("/<path:rest>", "/context"))
    },
    **REMITTANCE_CELLS,
    f"POST {AUTH}/login": (
        Cell(
            EVERYBODY,
            plain(f"{AUTH}/login", {"email": "biller@riverside.example", "password": "demo-mobius-2026"}),
        ),
    ),
    f"POST {AUTH}/refresh": (Cell(EVERYBODY, plain(f"{AUTH}/refresh", {"refreshToken": "none"}), ok=401),),
    f"POST {AUTH}/logout": (Cell(EVERYBODY, plain(f"{AUTH}/logout"), note="ends the session"),),
    f"GET {AUTH}/oauth": (Cell(EVERYBODY, plain(f"{AUTH}/oauth")),),
    f"GET {AUTH}/oauth/<provider>/start": (Cell(EVERYBODY, plain(f"{AUTH}/oauth/nonesuch/start"), ok=404),),
    f"GET {AUTH}/oauth/<provider>/callback": (Cell(EVERYBODY, plain(f"{AUTH}/oauth/nonesuch/callback"), ok=422),),
    f"POST {AUTH}/token": (Cell(EVERYBODY, plain(f"{AUTH}/token", {"code": "none"}), ok=401),),
    f"GET {AUTH}/me": (Cell(EVERYBODY, plain(f"{AUTH}/me")),),
    f"GET {USERS}": (Cell(LEADS, plain(USERS)),),
    f"POST {USERS}": (Cell(ADMIN, plain(USERS, newcomer)),),
    f"POST {USERS}/accept": (
        Cell(
            EVERYBODY,
            lambda ids: Sent(f"{USERS}/accept", {"code": ids("invitation"), "password": PASSWORD}),
            foreign=200,
            note="a code is good for whoever holds it",
        ),
    ),
    f"GET {USERS}/me": (Cell(EVERYBODY, plain(f"{USERS}/me")),),
    f"PUT {USERS}/me": (Cell(EVERYBODY, plain(f"{USERS}/me", {})),),
    f"GET {USERS}/me/preferences": (Cell(EVERYBODY, plain(f"{USERS}/me/preferences")),),
    f"PUT {USERS}/me/preferences": (Cell(EVERYBODY, plain(f"{USERS}/me/preferences", {})),),
    f"GET {USERS}/roles": (Cell(EVERYBODY, plain(f"{USERS}/roles")),),
    f"GET {USERS}/client": (Cell(EVERYBODY, plain(f"{USERS}/client")),),
    f"PUT {USERS}/client": (Cell(ADMIN, plain(f"{USERS}/client", {})),),
    f"GET {USERS}/<user_id>": (Cell(LEADS, at(USERS + "/{}", "user")),),
    f"PUT {USERS}/<user_id>": (Cell(ADMIN, at(USERS + "/{}", "user", {"role": "manager"})),),
    f"DELETE {USERS}/<user_id>": (Cell(ADMIN, at(USERS + "/{}", "user")),),
    f"POST {USERS}/<user_id>/reactivate": (Cell(ADMIN, at(USERS + "/{}/reactivate", "deactivated user")),),
    f"POST {USERS}/<user_id>/invitation": (Cell(ADMIN, at(USERS + "/{}/invitation", "user")),),
    f"GET {RECORDS}/types": (Cell(EVERYBODY, plain(f"{RECORDS}/types")),),
    f"GET {RECORDS}/search": (Cell(EVERYBODY, plain(f"{RECORDS}/search?q=MRN553")),),
    f"POST {RECORDS}/search": (Cell(EVERYBODY, plain(f"{RECORDS}/search", {"q": "MRN553"})),),
    f"POST {RECORDS}/import": (Cell(LEADS, plain(f"{RECORDS}/import", _EMPTY_BUNDLE), note="needs PostgreSQL"),),
    f"GET {RECORDS}/<record_type>/<reference>": _record_cells(""),
    f"GET {RECORDS}/<record_type>/<reference>/history": _record_cells("/history"),
    f"POST {RECORDS}/": (
        *(Cell(_WRITERS[one], _written(one), ROLES_BY_WRITTEN_TYPE[one], unknown=422, note=one) for one in POINTS_AT),
        Cell(BILLING, _claim_on_a_visit, ROLES_BY_WRITTEN_TYPE["claim"], unknown=422, note="claim on a visit"),
    ),
    f"DELETE {RECORDS}/<record_type>/<reference>": tuple(
        Cell(LEADS, at(f"{RECORDS}/{one}/{{}}", one), ROLES_BY_WRITTEN_TYPE[one], note=one) for one in POINTS_AT
    ),
    f"GET {API}/jobs/<job_id>": (Cell(EVERYBODY, plain(f"{API}/jobs/job_gone"), ok=404),),
    f"GET {CONTEXT}/current": (Cell(EVERYBODY, in_context(f"{CONTEXT}/current")),),
    f"GET {CONTEXT}/summary": (Cell(EVERYBODY, in_context(f"{CONTEXT}/summary")),),
    f"GET {CONTEXT}/history": (Cell(EVERYBODY, plain(f"{CONTEXT}/history")),),
    f"POST {CONTEXT}/update": (Cell(EVERYBODY, lambda ids: Sent(f"{CONTEXT}/update", _moved_to(ids("patient")))),),
    f"POST {CONTEXT}/quick-action": (
        Cell(EVERYBODY, action("view_record", CONTEXT), ROLES_BY_QUICK_ACTION["view_record"]),
    ),
    **GUIDANCE_CELLS,
    **DRAFT_CELLS,
    **CHAT_CELLS,
    f"GET {TASKS}/": (Cell(EVERYBODY, in_context(f"{TASKS}/")),),
    f"GET {TASKS}/shared": (
        Cell(EVERYBODY, plain(f"{TASKS}/shared")),
        Cell(EVERYBODY, in_context(f"{TASKS}/shared"), note="of a context"),
    ),
    f"GET {TASKS}/backend": (
        Cell(EVERYBODY, plain(f"{TASKS}/backend")),
        Cell(EVERYBODY, in_context(f"{TASKS}/backend"), note="of a context"),
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
    f"PUT {TASKS}/<task_id>": (Cell(STAFF, at(TASKS + "/{}", "task", {"label": "Call again"})),),
    f"DELETE {TASKS}/<task_id>": (Cell(STAFF, at(TASKS + "/{}", "task")),),
    f"POST {TASKS}/<task_id>/snooze": (
        Cell(STAFF, at(TASKS + "/{}/snooze", "task", {"until": "2099-01-01T09:00:00Z"})),
    ),
    **{
        f"POST {TASKS}/<task_id>/{move}": (Cell(STAFF, at(TASKS + "/{}/" + move, kind, {"reason": "Waiting"})),)
        for move, kind in _MOVES.items()
    },
    **ALERT_CELLS,
    **FEEDBACK_CELLS,
    **BILLING_CELLS,
    f"GET {ELIGIBILITY}/context": (Cell(EVERYBODY, in_context(f"{ELIGIBILITY}/context")),),
    f"POST {ELIGIBILITY}/context": (
        Cell(EVERYBODY, plain(f"{ELIGIBILITY}/context", lambda: {"recordType": "Other", "recordId": unique("REC")})),
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
    f"GET {ELIGIBILITY}/summary": (Cell(EVERYBODY, in_context(f"{ELIGIBILITY}/summary")),),
    f"POST {ELIGIBILITY}/quick-action": (
        *(
            Cell(who, action(name), ROLES_BY_QUICK_ACTION[name], ok=202 if name in _BEGUN else None, note=name)
            for name, who in _ACTIONS.items()
        ),
        *(
            Cell(who, action(name, **params), ROLES_BY_QUICK_ACTION[name], note=name)
            for name, (who, params) in _READINGS.items()
        ),
        *COVERAGE_ACTION_CELLS,
        *AUTHORIZATION_ACTION_CELLS,
    ),
    **AUTHORIZATION_CELLS,
    f"GET {ELIGIBILITY}/patient/<reference>": (
        Cell(EVERYBODY, at(ELIGIBILITY + "/patient/{}", "patient")),
        Cell(EVERYBODY, at(ELIGIBILITY + "/patient/{}", "patient number"), note="by number"),
    ),
    f"GET {ELIGIBILITY}/claims/<reference>": (Cell(EVERYBODY, at(ELIGIBILITY + "/claims/{}", "patient")),),
}
