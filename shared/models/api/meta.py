"""Answers of health and of the list of modes."""

from __future__ import annotations

from typing import Any

from shared.models.api.base import AnswerModel


class Health(AnswerModel):
    """The function answers; stores are not asked, so that it stays up when one is down."""

    status: str


class QuickActionView(AnswerModel):
    """A quick action and the JSON Schema of its parameters."""

    action: str
    label: str
    params: dict[str, Any]


class ModeView(AnswerModel):
    """A mode as far as the caller may use it."""

    mode: str
    label: str
    record_types: tuple[str, ...]
    quick_actions: tuple[QuickActionView, ...]


class ModeList(AnswerModel):
    """The modes the caller may use."""

    modes: tuple[ModeView, ...]
