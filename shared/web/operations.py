"""What a route declares: one line above a handler, read by the app, the OpenAPI writer and the tests.

A handler's annotations say what it gets: `caller: Caller`, `body: SomeRequest` (or `dict` for free JSON objects),
`query: SomeQuery`, `visitor: Visitor` (public operations), `last_event_id: str | None` (a stream that can be resumed),
and the path's own parameters as strings. It returns an answer model or a Reply.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar, get_type_hints

from pydantic import BaseModel

from shared.auth.permissions import Permission
from shared.models.audit import AuditAction

Handler = Callable[..., Any]
T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """An answer with something besides its body: a status, the record's version as ETag."""

    body: T
    status: int = 200
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One declared route of a function."""

    method: str
    path: str
    handler: Handler
    summary: str
    permission: Permission
    audit: AuditAction
    status: int
    example: Any
    request_example: Any
    mode: str | None
    body: Any
    query: type[BaseModel] | None
    answer: Any
    wants_caller: bool
    max_bytes: int
    listed: bool
    wants_visitor: bool = False
    wants_last_event_id: bool = False
    name: str = field(default="")


class Operations:
    """The routes of one function, declared in its `main.py`."""

    def __init__(self, *, tag: str, prefix: str, mode: str | None = None) -> None:
        """Start an empty list. `prefix` is the function's path in the catalog; `mode` guards every route."""
        self.tag = tag
        self.prefix = prefix
        self.mode = mode
        self.declared: list[Operation] = []

    def route(
        self,
        method: str,
        path: str,
        *,
        summary: str,
        permission: Permission,
        audit: AuditAction,
        status: int = 200,
        example: Any = None,
        request_example: Any = None,
        max_bytes: int = 1_000_000,
        listed: bool = True,
    ) -> Callable[[Handler], Handler]:
        """Declare the decorated function as the handler of `method prefix+path`; `listed` puts it into OpenAPI."""

        def declare(handler: Handler) -> Handler:
            hints = handler.__annotations__ if isinstance(handler, partial) else get_type_hints(handler)
            self.declared.append(
                Operation(
                    method=method,
                    path=path,
                    handler=handler,
                    summary=summary,
                    permission=permission,
                    audit=audit,
                    status=status,
                    example=example,
                    request_example=request_example,
                    mode=self.mode,
                    body=hints.get("body"),
                    query=hints.get("query"),
                    answer=hints.get("return"),
                    wants_caller="caller" in hints,
                    max_bytes=max_bytes,
                    listed=listed,
                    wants_visitor="visitor" in hints,
                    wants_last_event_id="last_event_id" in hints,
                    name=handler.__name__,
                )
            )
            return handler

        return declare

    def each_of(
        self, method: str, path: str, choices: tuple[str, ...], *, summary: str, **declaration: Any
    ) -> Callable[[Handler], Handler]:
        """Declare one route a choice: `{}` in `path` and `summary` is the choice, the handler gets it as `choice`."""

        def declare(handler: Handler) -> Handler:
            for choice in choices:
                chosen = partial(handler, choice=choice)
                chosen.__name__ = f"{choice.replace('-', '_')}_{handler.__name__}"  # type: ignore[attr-defined]  # read below
                chosen.__annotations__ = get_type_hints(handler)
                self.route(method, path.format(choice), summary=summary.format(choice.capitalize()), **declaration)(
                    chosen
                )
            return handler

        return declare

    def get(self, path: str, **declaration: Any) -> Callable[[Handler], Handler]:
        """Declare a GET route."""
        return self.route("GET", path, **declaration)

    def post(self, path: str, **declaration: Any) -> Callable[[Handler], Handler]:
        """Declare a POST route."""
        return self.route("POST", path, **declaration)

    def put(self, path: str, **declaration: Any) -> Callable[[Handler], Handler]:
        """Declare a PUT route."""
        return self.route("PUT", path, **declaration)

    def delete(self, path: str, **declaration: Any) -> Callable[[Handler], Handler]:
        """Declare a DELETE route."""
        return self.route("DELETE", path, **declaration)
