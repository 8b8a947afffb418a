"""Tasks of a record: `/api/v1/components/tasks`."""

from __future__ import annotations

import functions_framework
from flask import Request, Response

from shared import bootstrap
from shared.auth.permissions import Permission
from shared.domain.task import MOVES
from shared.models.api.tasks import (
    NewTask,
    TaskBulk,
    TaskBulkResult,
    TaskEdit,
    TaskList,
    TaskMove,
    TaskMoveRequest,
    TaskQuery,
    TaskSnooze,
    TaskView,
)
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.web import Operations, Reply, function_app

operations = Operations(tag="tasks", prefix="/api/v1/components/tasks")

_TASK = {
    "id": "task_4f9a",
    "contextId": "ctx_7c1e",
    "label": "Confirm secondary insurance",
    "type": "shared",
    "source": "backend",
    "state": "open",
    "completed": False,
    "version": 1,
}


@operations.get(
    "/",
    summary="The context's own tasks, and the shared and back-office tasks of the same record",
    permission=Permission.TASK_READ,
    audit=AuditAction.TASK_LIST,
    example={"tasks": [_TASK], "nextCursor": None},
)
def list_tasks(caller: Caller, query: TaskQuery) -> TaskList:
    return bootstrap.task_service().get_tasks(caller, query)


@operations.get(
    "/shared",
    summary="Shared tasks from the back office",
    permission=Permission.TASK_READ,
    audit=AuditAction.TASK_LIST,
    example={"tasks": [_TASK], "nextCursor": None},
)
def list_shared_tasks(caller: Caller, query: TaskQuery) -> TaskList:
    return bootstrap.task_service().get_shared_tasks(caller, query)


@operations.get(
    "/backend",
    summary="The back-office queue",
    permission=Permission.TASK_READ,
    audit=AuditAction.TASK_LIST,
    example={"tasks": [{**_TASK, "type": "backend"}], "nextCursor": None},
)
def list_backend_tasks(caller: Caller, query: TaskQuery) -> TaskList:
    return bootstrap.task_service().get_shared_tasks(caller, query, "backend")


@operations.post(
    "/",
    summary="Make a task in a context",
    permission=Permission.TASK_WRITE,
    audit=AuditAction.TASK_CREATE,
    status=201,
    request_example={"contextId": "ctx_7c1e", "label": "Confirm secondary insurance", "type": "shared"},
    example=_TASK,
)
def create_task(caller: Caller, body: NewTask) -> Reply[TaskView]:
    task = bootstrap.task_service().create_task(caller, body)
    return Reply(task, status=201, version=task.version)


@operations.post(
    "/bulk",
    summary="Make one move, or change members, of several tasks; each has its own outcome",
    permission=Permission.TASK_WRITE,
    audit=AuditAction.TASK_BULK,
    request_example={"taskIds": ["task_4f9a"], "move": "complete", "versions": {"task_4f9a": 1}},
    example={"results": [{"id": "task_4f9a", "success": True, "code": None, "task": _TASK}]},
)
def update_several_tasks(caller: Caller, body: TaskBulk) -> TaskBulkResult:
    return bootstrap.task_service().bulk(caller, body)


@operations.put(
    "/<task_id>",
    summary="Change a task; `completed: false` un-completes it, after seven days with a `reason`",
    permission=Permission.TASK_WRITE,
    audit=AuditAction.TASK_UPDATE,
    request_example={"label": "Confirm secondary insurance with the payer", "version": 1},
    example={**_TASK, "version": 2},
)
def update_task(caller: Caller, task_id: str, body: TaskEdit) -> Reply[TaskView]:
    task = bootstrap.task_service().update_task(caller, task_id, body)
    return Reply(task, version=task.version)


@operations.delete(
    "/<task_id>",
    summary="Delete a task softly",
    permission=Permission.TASK_WRITE,
    audit=AuditAction.TASK_DELETE,
    example={**_TASK, "version": 2},
)
def delete_task(caller: Caller, task_id: str) -> TaskView:
    return bootstrap.task_service().delete_task(caller, task_id)


@operations.post(
    "/<task_id>/snooze",
    summary="Put an open task out of sight until later",
    permission=Permission.TASK_WRITE,
    audit=AuditAction.TASK_MOVE,
    request_example={"until": "2026-12-01T09:00:00Z"},
    example={**_TASK, "snoozedUntil": "2026-12-01T09:00:00Z", "version": 2},
)
def snooze_task(caller: Caller, task_id: str, body: TaskSnooze) -> Reply[TaskView]:
    task = bootstrap.task_service().snooze(caller, task_id, body.until)
    return Reply(task, version=task.version)


@operations.each_of(
    "POST",
    "/<task_id>/{}",
    MOVES,
    summary="{} a task",
    permission=Permission.TASK_WRITE,
    audit=AuditAction.TASK_MOVE,
    request_example={"reason": "Waiting for the payer"},
    example={**_TASK, "version": 2},
)
def move_task(caller: Caller, task_id: str, choice: TaskMove, body: TaskMoveRequest) -> Reply[TaskView]:
    task = bootstrap.task_service().move(caller, task_id, choice, body.reason)
    return Reply(task, version=task.version)


_app = function_app(operations)


@functions_framework.http
def tasks(request: Request) -> Response:
    return _app(request)
