"""Guidance actions: what a person is offered to do next."""

from __future__ import annotations

from shared.models.api.base import AnswerModel


class GuidanceAction(AnswerModel):
    """A labelled action; `action` is a quick action of the mode."""

    label: str
    action: str
