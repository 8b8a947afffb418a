"""Rules that answer in a model's place, and say so in a step: nobody takes the one for the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shared.assistant.protocol import AnswerPart, Assistant, Question, Step

MODEL = "model"


@dataclass(frozen=True, slots=True)
class StandingIn:
    """See Assistant. `code` and `why` say for what reason the model does not answer; by default there is none here."""

    grounded: Assistant
    code: str = "model_not_configured"
    why: str = "No model is set up here"
    milliseconds: int = 0

    def answer(self, question: Question, *, stopped: Callable[[], bool]) -> Iterator[AnswerPart]:
        """See Assistant.answer."""
        yield Step(MODEL, f"{self.why}: rules answer from the records instead", (), self.milliseconds, self.code)
        yield from self.grounded.answer(question, stopped=stopped)
