"""What can be wrong with an interchange. Messages say where, never what stands there."""

from __future__ import annotations

from shared.errors import FieldError, ValidationFailedError


class UnreadableInterchangeError(ValidationFailedError):
    """The input is no complete X12 interchange. `reason` is a code, `segment` the number of the segment, from 1."""

    code = "x12_unreadable"

    def __init__(self, reason: str, message: str, *, segment: int) -> None:
        super().__init__(f"Segment {segment}: {message}", errors=(FieldError(f"segment[{segment}]", reason, message),))
        self.reason = reason
        self.segment = segment


class UnwritableValueError(ValidationFailedError):
    """A value cannot be said in X12: `field` names it."""

    code = "x12_unwritable"

    def __init__(self, field: str, reason: str, message: str) -> None:
        super().__init__(f"{field}: {message}", errors=(FieldError(field, reason, message),))
        self.field = field
        self.reason = reason
