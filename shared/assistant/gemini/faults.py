"""What can go wrong with a model, and what the person is told of it: nothing that a model or a server has said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Fault:
    """`step` is said where rules answer instead; `cut` where the model had begun to answer."""

    code: str
    step: str
    cut: str = "The answer breaks off here, on the model's side: what is missing can be asked again."
    ending: Literal["truncated", "declined"] = "truncated"
    retried: bool = False


UNAVAILABLE = Fault("model_unavailable", "The model does not answer at the moment", retried=True)
TIMED_OUT = Fault("model_timeout", "The model took too long", retried=True)
REFUSED = Fault("model_refused", "The model's service does not accept our requests")
BROKEN = Fault("model_broken", "What the model sent broke off or could not be read")
TOO_LONG = Fault(
    "model_too_long",
    "The model came to no answer of a length that we show",
    "The answer is cut here because it grew too long: ask for a part of it.",
)
DECLINED = Fault(
    "model_declined",
    "The model declined to answer",
    "The model declined to go on here: the answer is not whole.",
    "declined",
)
MISUSED = Fault("model_misused_tools", "The model called tools that there are not, or wrongly")
TOO_MANY_ROUNDS = Fault("model_too_many_rounds", "The model went on looking things up without answering")
UNGROUNDED = Fault("model_ungrounded", "The model read no record, so that its answer would have had no source")
SILENT = Fault("model_silent", "The model said nothing")


class ModelError(Exception):
    """The model cannot go on. `after` is how many seconds its service asks to wait before another attempt."""

    def __init__(self, fault: Fault, *, after: float | None = None) -> None:
        super().__init__(fault.code)
        self.fault = fault
        self.after = after


class StoppedError(Exception):
    """The person has stopped the answer."""
