"""What an assistant is: it takes a question about the record in hand and says its answer in parts, as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from shared.models.caller import Caller
from shared.models.firestore.conversation import MessageDocument
from shared.models.firestore.documents import ContextDocument
from shared.models.guidance import GuidanceAction
from shared.models.users import AssistantMode


@dataclass(frozen=True, slots=True)
class Question:
    """A message of a person about a context. `history` is the thread before it, oldest first.

    `now` is the moment of asking; what "today" is, the caller's organisation says (`caller.today`).
    """

    caller: Caller
    context: ContextDocument
    content: str
    history: Sequence[MessageDocument]
    assistant_mode: AssistantMode
    now: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was really taken: a tool that was called or a rule that was run, and what it read.

    `sources` are `table/uuid`, `collection/id` or `rule:Enn`. `error` is the code of what went wrong in it.
    """

    tool: str
    text: str
    sources: tuple[str, ...] = ()
    milliseconds: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer, to be put behind those before it."""

    delta: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A record (`table/uuid`, `collection/id`) or rule (`rule:Enn`) that the answer rests on, with its title."""

    source: str
    title: str


@dataclass(frozen=True, slots=True)
class Offers:
    """What a person may do next; nothing of it has been done."""

    actions: tuple[GuidanceAction, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    """Why the answer is over, said last: whole, or cut short (its text says so to the person)."""

    reason: Literal["complete", "stopped", "truncated", "declined", "error"] = "complete"


AnswerPart = Step | Text | Citation | Offers | Ending


class Assistant(Protocol):
    """Answers questions. Makes no change: what writes is offered."""

    def answer(self, question: Question, *, stopped: Callable[[], bool]) -> Iterator[AnswerPart]:
        """Say the answer in parts; the last is an Ending. Between parts it asks `stopped` and ends early when so.

        Never raises for what a tool or a model does: that becomes a Step with its error and a sentence that says so.
        """
        ...
