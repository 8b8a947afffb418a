"""A repeated request: the answer that was kept for its Idempotency-Key."""

from __future__ import annotations

from shared.errors import ValidationFailedError

KEPT_SECONDS = 24 * 60 * 60
CLAIMED_SECONDS = 20  # longer than a request can take


class Replayed(Exception):  # noqa: N818 (not a fault: it carries an answer from the store to the edge)
    """The request was carried out before; `body` is the JSON that was answered then."""

    def __init__(self, *, status: int, body: str) -> None:
        super().__init__("replayed")
        self.status = status
        self.body = body


class IdempotencyMismatchError(ValidationFailedError):
    """The same key was used for another request."""

    code = "idempotency_mismatch"


def replay(*, kept_request: str, request: str, status: int, body: str) -> Replayed:
    """Return the kept answer as an exception to raise. Raises IdempotencyMismatchError when the request differs."""
    if kept_request != request:
        raise IdempotencyMismatchError("This Idempotency-Key was used for another request")
    return Replayed(status=status, body=body)
