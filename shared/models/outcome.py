"""How the handling of an event ended."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """The word of the log line. Only `retry` makes the sender try again."""

    DONE = "done"
    UNCHANGED = "unchanged"
    DROPPED = "dropped"
    QUARANTINED = "quarantined"
    RETRY = "retry"
