"""An alert as the assistant tells of it."""

from __future__ import annotations

from shared.models.api.base import AnswerModel


class AlertSeen(AnswerModel):
    """An active alert of a person: its document's id, how severe it is, and what it says."""

    id: str
    severity: str
    text: str
    count: int = 1
