"""What one answer has come to: what the model was told, what the tools read for it, what it has said."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import cast

from google.genai import types

from shared.assistant.gemini import faults, telling
from shared.assistant.gemini.faults import ModelError
from shared.assistant.gemini.model import Prompt, Turn
from shared.assistant.grounded.plans import PLANS
from shared.assistant.offering import fitting
from shared.assistant.protocol import AnswerPart, Citation, Offers, Question, Step
from shared.assistant.readings import GuidanceReading, Reading
from shared.assistant.tools import Toolbox

MOST_CALLS = 8  # in one turn of the model; what goes beyond is told back, not called
MOST_MISREAD = 1  # turns with calls that cannot be made: the first is told back
MOST_CITED = 25
_MISUSE = frozenset({"no_such_tool", "wrong_params"})
# Some modes have fewer tools: what is offered is no part of the Manual mode, and only the Agentic one acts.
_ONLY_IN = {"guidance": ("Co-pilot", "Agentic"), "quick_action": ("Agentic",)}


class Conversation:
    """One answer while it is made. Tools are called as the caller, whatever the model says of who asks."""

    def __init__(self, question: Question, tools: Toolbox) -> None:
        tools.tools = {
            name: one
            for name, one in tools.tools.items()
            if one.allowed(question.caller)
            and question.assistant_mode in _ONLY_IN.get(name, (question.assistant_mode,))
        }
        self._question = question
        self._tools = tools
        self._instruction = telling.instruction(question)
        self._functions = telling.declared(tools.tools.values())
        self._contents = telling.thread(question.history, question.content)
        self._readings: list[tuple[str, Reading]] = []
        self._misread = 0
        self.said = ""

    def prompt(self, *, may_call: bool) -> Prompt:
        """What the model is told next."""
        return Prompt(self._instruction, self._functions, tuple(self._contents), may_call)

    @property
    def is_grounded(self) -> bool:
        """Whether a record was read that an answer can rest on."""
        return any(reading.sources for _, reading in self._readings)

    def calls(self, turn: Turn) -> Iterator[Step]:
        """Call what the model calls and tell it the results. Raises ModelError when it misuses tools again."""
        self._contents.append(types.Content(role="model", parts=turn.parts))
        results, misused = list[types.Part](), False
        for number, call in enumerate(turn.calls):
            if number >= MOST_CALLS:
                results.append(telling.refused(call, "too_many_calls", f"At most {MOST_CALLS} calls at once"))
                continue
            called = self._tools.call(call.name or "", call.args)
            yield called.step
            if called.reading is not None:
                self._readings.append((called.step.tool, called.reading))
            misused |= called.step.error in _MISUSE
            results.append(telling.result(call, called))
        self._contents.append(types.Content(role="user", parts=results))
        if misused:
            self._note_misuse()

    def misread(self) -> None:
        """Tell the model that its call could not be parsed. Raises ModelError when it was told before."""
        self._contents.append(telling.misread())
        self._note_misuse()

    def _note_misuse(self) -> None:
        self._misread += 1
        if self._misread > MOST_MISREAD:
            raise ModelError(faults.MISUSED)

    def citations(self) -> tuple[Citation, ...]:
        """The sources of the tools that were called: first those whose number the answer names."""
        every = dict.fromkeys(source for _, reading in self._readings for source in reading.sources)
        named = [one for one in every if one.title.rpartition(" ")[2] in self.said]
        return tuple(dict.fromkeys([*named, *every]))[:MOST_CITED]

    def offers(self) -> Iterator[AnswerPart]:
        """What the guidance service offers and fits what was looked up; in the Manual mode nothing."""
        called = {tool for tool, _ in self._readings}
        wanted, other = _wanted(called), self._other_patient()
        if self._question.assistant_mode == "Manual" or not (wanted or other):
            return
        if "guidance" not in called:
            asked = self._tools.call("guidance")
            yield asked.step
            if asked.reading is not None:
                self._readings.append(("guidance", asked.reading))
        found = [one.data for _, one in self._readings if isinstance(one.data, GuidanceReading)]
        chosen = fitting(found[-1].actions, wanted, other) if found else ()
        if chosen:
            yield Offers(chosen)

    def _other_patient(self) -> str | None:
        """The one other patient whom the answer is about."""
        seen = {_patient(reading) for _, reading in self._readings} - {None}
        others = [one for one in seen if not self._tools.desk.is_in_hand(one)]
        return others[0] if len(others) == 1 and len(seen) == 1 else None


def _patient(reading: Reading) -> str | None:
    patient = getattr(reading.data, "patient", None)
    return None if patient is None else cast("str", patient.id)


def _wanted(called: Collection[str]) -> set[str]:
    """The actions that rules would offer after the same look-ups: those of every plan that these tools carry out."""
    wanted = {"*"} if "guidance" in called else set[str]()
    for plan in PLANS.values():
        if {one.tool for one in plan.calls} <= set(called):
            wanted.update(one for one in plan.offers if one != "*")
    return wanted
