"""The one family of errors. `shared.web.problem` is the only place that turns them into answers.

Messages never carry personal data: identifiers, names and free text stay out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One refused member of a request: where it stands, a machine code, and a sentence."""

    field: str
    code: str
    message: str


class MobiusError(Exception):
    """Base of everything a caller can be told. `status` is the HTTP status, `code` the machine code."""

    status: ClassVar[int] = 500
    code: str = "internal_error"
    title: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail: str = "",
        *,
        code: str | None = None,
        errors: tuple[FieldError, ...] = (),
        **extra: Any,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = errors
        self.extra = extra
        if code is not None:
            self.code = code


class UnauthenticatedError(MobiusError):
    """The caller's token is missing or does not verify."""

    status = 401
    code = "unauthenticated"
    title = "Sign in first"


class ForbiddenError(MobiusError):
    """The caller is known and may not do this."""

    status = 403
    code = "forbidden"
    title = "Not allowed"


class NotFoundError(MobiusError):
    """No such record, or one that belongs to another organisation: the two are never told apart."""

    status = 404
    code = "not_found"
    title = "Not found"


class RouteNotFoundError(MobiusError):
    """No operation has this path."""

    status = 404
    code = "route_not_found"
    title = "No such path"


class MethodNotAllowedError(MobiusError):
    """The path exists, the method does not; `allowed` names those that do."""

    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"


class ConflictError(MobiusError):
    """The change contradicts the present state."""

    status = 409
    code = "conflict"
    title = "Conflict"


class InvalidTransitionError(ConflictError):
    """A state machine has no such move; `allowed` names the moves there are."""

    code = "invalid_transition"
    title = "This step is not possible now"


class PreconditionFailedError(MobiusError):
    """The caller's version is stale; `current` is the record as it is now."""

    status = 412
    code = "precondition_failed"
    title = "Somebody changed this in the meantime"


class PayloadTooLargeError(MobiusError):
    """The body is over the limit."""

    status = 413
    code = "payload_too_large"
    title = "The body is too large"


class UnsupportedMediaTypeError(MobiusError):
    """The body is not JSON."""

    status = 415
    code = "unsupported_media_type"
    title = "Send application/json"


class ValidationFailedError(MobiusError):
    """The request is well addressed and its content is not acceptable; `errors` names the fields."""

    status = 422
    code = "validation_failed"
    title = "The request is not valid"


class TooManyRequestsError(MobiusError):
    """Too much was asked in a short time; `retry_after` is the seconds to wait."""

    status = 429
    code = "too_many_requests"
    title = "Too many requests"


class StoreUnavailableError(MobiusError):
    """A store, the message bus or the token certificates did not answer in time."""

    status = 503
    code = "store_unavailable"
    title = "Temporarily unavailable"


class ConfigurationError(RuntimeError):
    """The process cannot start as configured. The message names the setting and what to do."""


class PermanentEventError(Exception):
    """An event that can never be handled: it is quarantined, not retried."""
