"""The Gemini assistant: a model chooses what to look up and words the answer; rules answer where it cannot.

Until something was read, nothing that the model says is shown: no answer without a source. From then on its text
streams as it comes. Whatever goes wrong before the first word is retried where that may help, and then rules answer
instead, with a step that says why; after the first word the answer ends with a sentence that says so.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

from shared.assistant.gemini import faults
from shared.assistant.gemini.conversation import Conversation
from shared.assistant.gemini.faults import Fault, ModelError, StoppedError
from shared.assistant.gemini.model import GeminiModel, Turn
from shared.assistant.protocol import AnswerPart, Assistant, Ending, Question, Step, Text
from shared.assistant.standing_in import MODEL, StandingIn
from shared.assistant.tools import ToolTable

MOST_ROUNDS = 6  # calls of the model in one answer; in the last it may not call tools
_TOO_LONG = frozenset({"MAX_TOKENS", "CONTINUATION"})
_MISREAD = frozenset({"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL"})
_BROKEN = frozenset({"OTHER", "MALFORMED_RESPONSE", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE"})

Stopped = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Persistence:
    """How often a call of the model is tried, and the seconds between: at most `first`, doubled up to `most`.

    A wait that the service asks for is kept, unless it is longer than `longest`: then rules answer at once.
    """

    attempts: int = 3
    first: float = 0.5
    most: float = 4.0
    longest: float = 8.0
    look: float = 0.2
    pause: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = secrets.SystemRandom().random

    def wait(self, attempt: int, asked: float | None) -> float | None:
        """How long to wait behind an attempt (1, 2, …); None: no other one."""
        if attempt >= self.attempts or (asked is not None and asked > self.longest):
            return None
        jittered: float = min(self.most, self.first * 2 ** (attempt - 1)) * (0.5 + self.chance() / 2)
        return max(jittered, asked or 0.0)


class GeminiAssistant:
    """See Assistant."""

    def __init__(
        self,
        tools: ToolTable,
        grounded: Assistant,
        model: GeminiModel,
        *,
        persistence: Persistence | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the tools, what answers in the model's place, and the model."""
        self._tools = tools
        self._grounded = grounded
        self._model = model
        self._persistence = persistence or Persistence()
        self._clock = clock

    def answer(self, question: Question, *, stopped: Stopped) -> Iterator[AnswerPart]:
        """See Assistant.answer."""
        begun = self._clock()
        talk = Conversation(question, self._tools.open(question))
        try:
            yield from self._rounds(talk, begun + self._model.settings.answer_seconds, stopped)
        except StoppedError:
            yield Ending("stopped")
        except ModelError as error:
            fault = error.fault
            if talk.said:
                yield Step(MODEL, fault.step, (), self._since(begun), fault.code)
                yield Text(f" {fault.cut}")
                yield from talk.citations()
                yield Ending(fault.ending)
            else:
                instead = StandingIn(self._grounded, fault.code, fault.step, self._since(begun))
                yield from instead.answer(question, stopped=stopped)
        else:
            yield from talk.citations()
            yield from talk.offers()
            yield Ending()

    def _rounds(self, talk: Conversation, deadline: float, stopped: Stopped) -> Iterator[AnswerPart]:
        """Let the model speak and look up in turns until it has answered. Raises ModelError, StoppedError."""
        for number in range(1, MOST_ROUNDS + 1):
            turn = Turn()
            yield from self._turn(talk, turn, deadline, stopped, may_call=number < MOST_ROUNDS)
            if turn.finish in _MISREAD or not all(one.name for one in turn.calls):
                talk.misread()
            elif (fault := _fault(turn)) is not None:
                raise ModelError(fault)
            elif turn.calls:
                for step in talk.calls(turn):
                    yield step
                    if stopped():
                        raise StoppedError
            elif not talk.is_grounded:
                raise ModelError(faults.UNGROUNDED)
            elif not talk.said:
                raise ModelError(faults.SILENT)
            else:
                return
        raise ModelError(faults.TOO_MANY_ROUNDS)

    def _turn(
        self, talk: Conversation, turn: Turn, deadline: float, stopped: Stopped, *, may_call: bool
    ) -> Iterator[AnswerPart]:
        """Call the model, again where that may help and nothing was said yet."""
        attempt = 0
        while True:
            attempt, begun = attempt + 1, self._clock()
            try:
                yield from self._attempt(talk, turn, deadline, stopped, may_call=may_call)
            except ModelError as error:
                wait = self._persistence.wait(attempt, error.after)
                if talk.said or not error.fault.retried or wait is None or self._clock() + wait >= deadline:
                    raise
                yield Step(MODEL, f"{error.fault.step}: asked again", (), self._since(begun), error.fault.code)
                self._pause(wait, stopped)
                turn.parts.clear()
                turn.finish, turn.blocked = None, False
            else:
                return

    def _attempt(
        self, talk: Conversation, turn: Turn, deadline: float, stopped: Stopped, *, may_call: bool
    ) -> Iterator[Text]:
        seconds = deadline - self._clock()
        if seconds <= 0:
            raise ModelError(faults.TIMED_OUT)
        prompt = talk.prompt(may_call=may_call)
        with closing(self._model.stream(prompt, turn, seconds=seconds, given_up=stopped)) as deltas:
            begins = True
            for delta in deltas:
                if stopped():
                    raise StoppedError
                said = delta.lstrip() if begins else delta
                if talk.is_grounded and said:
                    said = f"\n\n{said}" if begins and talk.said else said
                    talk.said, begins = talk.said + said, False
                    yield Text(said)
        if stopped():
            raise StoppedError

    def _pause(self, seconds: float, stopped: Stopped) -> None:
        while seconds > 0:
            if stopped():
                raise StoppedError
            self._persistence.pause(min(seconds, self._persistence.look))
            seconds -= self._persistence.look

    def _since(self, begun: float) -> int:
        return round((self._clock() - begun) * 1000)


def _fault(turn: Turn) -> Fault | None:
    """Why a turn that has ended is no answer; None when it is one."""
    if turn.blocked:
        return faults.DECLINED
    if turn.finish in _TOO_LONG:
        return faults.TOO_LONG
    if turn.finish in _BROKEN:
        return faults.BROKEN
    return None if turn.finish == "STOP" else faults.DECLINED
