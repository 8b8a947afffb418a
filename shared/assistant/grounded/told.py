"""What a composer is given: the question, what was read for it, and when and for whom it is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from shared.assistant.grounded.saying import Statement, listed, span, state
from shared.assistant.readings import Reading
from shared.domain.questions.days import Period
from shared.domain.questions.understanding import Ask
from shared.models.roles import Role
from shared.models.users import AssistantMode

R = TypeVar("R")
Compose = Callable[["Told"], list[Statement]]


@dataclass(frozen=True, slots=True)
class Told:
    """`readings` are by tool; `number` is that of a record that was asked for, `record_in_hand` what kind it is."""

    ask: Ask
    today: date
    role: Role
    assistant_mode: AssistantMode
    readings: Mapping[str, Reading]
    zone: ZoneInfo
    number: str | None = None
    record_in_hand: str | None = None

    def data(self, tool: str, kind: type[R]) -> R | None:
        """What a tool read; None when it read nothing."""
        found: Any = self.readings.get(tool)
        return found.data if found is not None and isinstance(found.data, kind) else None

    @property
    def period(self) -> Period | None:
        """The days that were asked for."""
        found = next(iter(self.ask.days), None)
        return found if isinstance(found, Period) else None

    @property
    def scope(self) -> str:
        """The words for the states asked for, in front of a noun."""
        words = sorted(one[2:] for one in self.ask.concepts if one.startswith("s:") and self.ask.states)
        return f"{listed([state(one) for one in words], 'or')} " if words else ""

    def when(self, before: str = "") -> str:
        """The days asked for as they stand in a sentence, `before` in front of them."""
        period = self.period
        return "" if period is None else f" {before}{span(period.first, period.last)}"
