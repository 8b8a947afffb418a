"""The floor of `eligibility`: one check of a patient in a context, with the same calls and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import functions_framework
from flask import Request, Response

from tests.benchmarks.floor import live, structured


@functions_framework.http
def eligibility(request: Request) -> Response:
    """POST …/quick-action runs a check, GET …/patient/<mrn> reads the patient's file."""
    member = live.who(request)
    return _check(request, member) if request.method == "POST" else _patient(request, member)


def _read(connection: Any, member: dict[str, Any], reference: str, uuid: str | None, statement: str = "file") -> Any:
    parameters = {"client": member["clientId"], "reference": reference, "uuid": uuid, "visit": None, "most_visits": 100}
    return connection.execute(structured.STATEMENTS[statement], {**parameters, "today": date.today()}).one()  # noqa: DTZ011


def _patient(request: Request, member: dict[str, Any]) -> Response:
    reference = request.path.rsplit("/", 1)[1]
    one = live.event(member, "patient:read", resource="patient") if live.is_new(member, reference) else None
    with structured.tenant(member["clientId"]) as connection:
        row = _read(connection, member, reference, None)
        if one is not None:
            structured.add_event(connection, one)
    return live.answer({"file": list(row)})


def _check(request: Request, member: dict[str, Any]) -> Response:
    context_at = live.store().collection("contexts").document(request.get_json()["contextId"])
    context = context_at.get(timeout=live.TIMEOUT).to_dict() or {}
    if context.get("clientId") != member["clientId"]:
        raise PermissionError
    now = datetime.now(UTC)
    one = live.event(member, "quick_action:execute", resource="eligibility_check")
    with structured.tenant(member["clientId"]) as connection:
        row = _read(connection, member, context["patientUuid"], context["patientUuid"], "file_to_check")
        check = {
            "event_id": one["id"],
            "event": json.dumps(one),
            "id": uuid4(),
            "client": member["clientId"],
            "patient": row[0],
            "coverage": row[8][0][0],
            "on": now.date(),
            "service": "30",
            "verdict": "eligible",
            "requires_auth": True,
            "status": "pending",
            "reasons": "[]",
            "receipt": "{}",
            "checked_by": member["userId"],
            "state": "completed",
            "source": "on_file",
            "answer": None,
            "failure": None,
            "attempts": 0,
            "next_attempt_at": None,
            "previous": row[16][0] if row[16] else None,
            "difference": None,
        }
        connection.execute(structured.STATEMENTS["check"], check)
    publication = None if live.BARE else live.publish(one)
    snapshot = context_at.get(timeout=live.TIMEOUT)
    batch = live.store().batch()
    option = live.store().write_option(last_update_time=snapshot.update_time)
    batch.update(context_at, {"status": "pending", "asOf": now, "updatedAt": now, "version": 2}, option=option)
    batch.commit(timeout=live.TIMEOUT)
    if publication is not None:
        publication.result(timeout=2)
    return live.answer({"success": True, "data": {"eligible": True, "requiresAuth": True, "status": "pending"}})
