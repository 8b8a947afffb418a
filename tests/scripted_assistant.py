"""An assistant for tests: it says what a question tells it to, in parts, as slowly as it is told.

`count 5 every 100` counts to five with 100 ms between the words; `fail after 3` raises behind the third word; any
other question is answered at once with a step, a cited sentence and an offer.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from shared.assistant.protocol import AnswerPart, Citation, Ending, Offers, Question, Step, Text
from shared.models.guidance import GuidanceAction

COUNT = re.compile(r"count (\d+) every (\d+)")
FAIL = re.compile(r"fail after (\d+)")
OFFER = GuidanceAction(label="Check Eligibility", action="check_eligibility", params={"force": True})


@dataclass
class ScriptedAssistant:
    """See the module. `asked` are the questions it was given, `closed` counts the answers that were given up."""

    asked: list[Question] = field(default_factory=list)
    closed: int = 0
    pause: Callable[[float], None] = time.sleep

    def answer(self, question: Question, *, stopped: Callable[[], bool]) -> Iterator[AnswerPart]:
        self.asked.append(question)
        try:
            yield from self._said(question, stopped)
        except GeneratorExit:
            self.closed += 1
            raise

    def _said(self, question: Question, stopped: Callable[[], bool]) -> Iterator[AnswerPart]:
        source = f"contexts/{question.context.id}"
        yield Step("context", "Read the context", (source,), 3)
        if (failing := FAIL.fullmatch(question.content)) is not None:
            yield from (Text(f"{number} ") for number in range(int(failing[1])))
            raise RuntimeError("the assistant broke")
        if (counting := COUNT.fullmatch(question.content)) is None:
            yield Text(f"You asked: {question.content} ")
            yield Citation(source, "The context")
            yield Text("That is all.")
            yield Offers((OFFER,))
            yield Ending()
            return
        for number in range(int(counting[1])):
            if stopped():
                yield Ending("stopped")
                return
            yield Text(f"{number} ")
            self.pause(int(counting[2]) / 1000)
        yield Step("rule", "Ran a rule", ("rule:E01",), 1, "undetermined")
        yield Text("done")
        yield Ending()
