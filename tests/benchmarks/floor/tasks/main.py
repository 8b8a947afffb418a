"""The floor of `tasks`: list and create, with the same calls and nothing else."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import functions_framework
from flask import Request, Response
from google.cloud.firestore_v1.base_query import FieldFilter

from tests.benchmarks.floor import live


@functions_framework.http
def tasks(request: Request) -> Response:
    """GET lists the tasks of ?contextId=, POST makes one."""
    member = live.who(request)
    if request.method == "POST":
        return _create(request, member)
    context_id = request.args["contextId"]
    context = live.store().collection("contexts").document(context_id).get(timeout=live.TIMEOUT).to_dict() or {}
    if context.get("clientId") != member["clientId"]:
        raise PermissionError
    publication = None
    if live.is_new(member, context_id):
        publication = live.publish(live.event(member, "task:list", resource="task_list"))
    record = f"rec:{context['recordType']}:{context['recordUuid']}"
    query = (
        live.store()
        .collection("tasks")
        .where(filter=FieldFilter("clientId", "==", member["clientId"]))
        .where(filter=FieldFilter("deletedAt", "==", None))
        .where(filter=FieldFilter("audience", "array_contains_any", [f"ctx:{context_id}", record]))
        .order_by("sortAt")
        .order_by("__name__")
        .limit(26)
    )
    found = [{"id": one.id, **(one.to_dict() or {})} for one in query.get(timeout=live.TIMEOUT)]
    if publication is not None:
        publication.result(timeout=2)
    return live.answer({"tasks": found[:25], "nextCursor": None})


def _create(request: Request, member: dict[str, str]) -> Response:
    body = request.get_json()
    context_id = body["contextId"]
    context = live.store().collection("contexts").document(context_id).get(timeout=live.TIMEOUT).to_dict() or {}
    if context.get("clientId") != member["clientId"]:
        raise PermissionError
    now = datetime.now(UTC)
    task_id = f"task_{uuid.uuid4().hex}"
    task = {
        "clientId": member["clientId"],
        "contextId": context_id,
        "label": body["label"],
        "type": body["type"],
        "mode": context["mode"],
        "state": "open",
        "isOpen": True,
        "completed": False,
        "deletedAt": None,
        "audience": [f"ctx:{context_id}"],
        "sortAt": now,
        "createdAt": now,
        "updatedAt": now,
        "version": 1,
        "schema": 1,
    }
    batch = live.store().batch()
    batch.create(live.store().collection("tasks").document(task_id), task)
    if not live.BARE:
        one = live.event(member, "task:create", resource="task")
        batch.create(live.store().collection("audit_outbox").document(one["id"]), one)
    batch.commit(timeout=live.TIMEOUT)
    return live.answer({"id": task_id, **task}, 201)
