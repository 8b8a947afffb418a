"""What can be wrong with an interchange. Messages say where, never what stands there."""

from __future__ import annotations


class UnreadableInterchangeError(ValueError):
    """The input is no complete X12 interchange. `reason` is a code, `segment` the number of the segment, from 1."""

    def __init__(self, reason: str, message: str, *, segment: int) -> None:
        super().__init__(f"Segment {segment}: {message}")
        self.reason = reason
        self.segment = segment


class UnreadableTransactionError(UnreadableInterchangeError):
    """A transaction that moves money or claims says something that cannot be read, so nothing of it is taken."""


class UnwritableValueError(ValueError):
    """A value cannot be said in X12: `field` names it, `message` says why."""

    def __init__(self, field: str, reason: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.reason = reason
        self.message = message
