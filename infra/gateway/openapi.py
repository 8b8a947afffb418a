"""OpenAPI 3.1 from what the routes declare: bodies, answers, errors and an example for every operation."""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
import sys
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.auth.permissions import ROLES_BY_PERMISSION, Permission
from shared.catalog import FunctionEntry, load_catalog
from shared.models.api.modes import QuickAction
from shared.models.audit import AuditAction
from shared.modes.base import BaseModeHandler, QuickActionRule
from shared.web.operations import Operation, Operations, Reply
from shared.web.sse import EventStream

_PATH_PARAMETER = re.compile(r"<(?:path:)?(\w+)>")
_REFERENCE = "#/components/schemas/{model}"
_REDIRECT = 302
_TEXTS = {
    401: "Not signed in",
    403: "The role does not allow this",
    404: "No such record, or another organisation's",
    409: "Contradicts the present state",
    412: "Changed since it was read; `current` is the record now",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "Not acceptable; `errors` names the members",
    429: "Too many requests; try again after `Retry-After`",
    503: "A store does not answer; try again after `Retry-After`",
}
_WITH_RETRY_AFTER = (429, 503)
_RETRY_AFTER = {"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 1}}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "requestId", "errors", "error"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "requestId": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {name: {"type": "string"} for name in ("field", "code", "message")},
            },
        },
        "error": {"type": "string", "description": "the detail once more, for clients that read only this"},
        "allowed": {"type": "array", "items": {"type": "string"}},
        "current": {"type": "object"},
        "retryAfter": {"type": "integer"},
    },
}


def document() -> dict[str, Any]:
    """Return the description of every listed operation of every HTTP function."""
    functions = [(entry, load_operations(entry)) for entry in load_catalog() if entry.kind in {"http", "stream"}]
    listed = [(function, operation) for _, function in functions for operation in function.declared if operation.listed]
    models = _models(operation for _, operation in listed)
    ordered = sorted(models, key=lambda pair: (pair[0].__name__, pair[1]))
    names, definitions = models_json_schema(ordered, ref_template=_REFERENCE)
    schemas = {**definitions.get("$defs", {}), "Problem": _PROBLEM}
    paths: dict[str, Any] = {}
    for function, operation in listed:
        path = _PATH_PARAMETER.sub(r"{\1}", function.prefix + operation.path).rstrip("/") or "/"
        paths.setdefault(path, {})[operation.method.lower()] = _operation(function, operation, names)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mobius OS",
            "version": "1",
            "description": "Every path answers with and without a trailing slash.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": function.tag, "description": entry.description} for entry, function in functions],
        "security": [{"firebase": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "firebase": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A Firebase ID token",
                }
            },
        },
    }


def rendered(description: dict[str, Any]) -> str:
    """Return the document as it is committed."""
    return json.dumps(description, indent=1, ensure_ascii=False) + "\n"


def load_operations(entry: FunctionEntry) -> Operations:
    """Import a function's main.py under a name of its own and return what it declares."""
    name = f"_function_{entry.group}_{entry.name}"
    specification = importlib.util.spec_from_file_location(name, entry.main)
    if specification is None or specification.loader is None:
        raise FileNotFoundError(entry.main)
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    operations: Operations = module.operations
    return operations


def answer_model(operation: Operation) -> type[BaseModel] | None:
    """Return the model of the operation's answer, None for one that is no JSON model."""
    answer = operation.answer
    if get_origin(answer) is Reply:
        answer = get_args(answer)[0]
    return answer if isinstance(answer, type) and issubclass(answer, BaseModel) else None


def _models(operations: Any) -> list[tuple[type[BaseModel], Any]]:
    found: dict[tuple[type[BaseModel], str], None] = {}
    for operation in operations:
        answer = answer_model(operation)
        if answer is not None:
            found[answer, "serialization"] = None
        if isinstance(operation.body, type) and issubclass(operation.body, BaseModel):
            found[operation.body, "validation"] = None
        for rule in _quick_actions(operation):
            found[rule.params, "validation"] = None
    return list(found)


def _quick_actions(operation: Operation) -> tuple[QuickActionRule, ...]:
    """The quick actions that an operation of a mode runs; none for any other."""
    if operation.body is not QuickAction or operation.mode is None:
        return ()
    module = importlib.import_module(f"shared.modes.{operation.mode.replace('-', '_')}")
    handlers = (one for one in vars(module).values() if isinstance(one, type) and issubclass(one, BaseModeHandler))
    return next(one for one in handlers if one is not BaseModeHandler).quick_actions


def _action_schema(operation: Operation, names: dict[Any, Any]) -> dict[str, Any]:
    """What a quick action is sent as: each with its own parameters."""
    one_of = [
        {
            "title": rule.label,
            "type": "object",
            "properties": {"action": {"const": rule.name}, "params": names[rule.params, "validation"]},
        }
        for rule in _quick_actions(operation)
    ]
    whole: dict[str, Any] = names[operation.body, "validation"]
    return {"allOf": [whole, {"oneOf": one_of}]} if one_of else whole


def _operation(function: Operations, operation: Operation, names: dict[Any, Any]) -> dict[str, Any]:
    roles = sorted(role.value for role in ROLES_BY_PERMISSION[operation.permission])
    described: dict[str, Any] = {
        "operationId": f"{function.tag}_{operation.name}".replace("-", "_"),
        "tags": [function.tag],
        "summary": operation.summary,
        "parameters": _parameters(function, operation),
        "responses": _responses(operation, names),
        "x-audit": operation.audit.value,
    }
    if operation.permission is Permission.PUBLIC:
        described["security"] = []
    else:
        described["x-roles"] = roles
    if operation.body is not None:
        free = operation.body is dict
        schema = {"type": "object"} if free else _action_schema(operation, names)
        content: dict[str, Any] = {"schema": schema}
        if operation.request_example is not None:
            content["example"] = operation.request_example
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    return described


def _parameters(function: Operations, operation: Operation) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PATH_PARAMETER.findall(function.prefix + operation.path)
    ]
    if operation.query is not None:
        schema = operation.query.model_json_schema(by_alias=True)
        required = set(schema.get("required", ()))
        parameters += [
            {"name": name, "in": "query", "required": name in required, "schema": member}
            for name, member in schema.get("properties", {}).items()
        ]
    keyed = operation.audit is not AuditAction.NONE and operation.permission is not Permission.PUBLIC
    if operation.method == "POST" and keyed:  # an answer is kept for its caller, whom a public operation does not know
        parameters.append({"name": "Idempotency-Key", "in": "header", "required": False, "schema": {"type": "string"}})
    if operation.wants_last_event_id:
        parameters.append({"name": "Last-Event-ID", "in": "header", "required": False, "schema": {"type": "string"}})
    if operation.method in {"PUT", "DELETE"}:
        parameters.append({"name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"}})
    return parameters


def _responses(operation: Operation, names: dict[Any, Any]) -> dict[str, Any]:
    answer = answer_model(operation)
    good: dict[str, Any] = {"description": "Done"}
    if answer is not None:
        good["content"] = {"application/json": {"schema": names[answer, "serialization"], "example": operation.example}}
    elif operation.answer is EventStream:
        good["content"] = {"text/event-stream": {"schema": {"type": "string"}, "example": operation.example}}
    responses: dict[str, Any] = {str(operation.status): good}
    if operation.status == _REDIRECT:
        good |= {"description": "Go on at `Location`", "headers": {"Location": {"schema": {"type": "string"}}}}
    if operation.permission is Permission.PUBLIC and not operation.wants_visitor:
        return responses
    codes = [401, 403, 404, 422, 429, 503]
    if operation.body is not None:
        codes += [413, 415]
    if operation.method != "GET" and operation.permission is not Permission.PUBLIC:
        codes += [409, 412]
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for code in sorted(codes):
        responses[str(code)] = {"description": _TEXTS[code], "content": problem}
        if code in _WITH_RETRY_AFTER:
            responses[str(code)]["headers"] = {"Retry-After": _RETRY_AFTER}
    return responses
