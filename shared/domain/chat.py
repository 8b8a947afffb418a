"""A reply's life, pure: `queued → streaming → complete | stopped | error`, and how it grows in between.

What a reply says is only ever added to, so that whoever has read a part of it can go on from there (`places`). A run
that has given no sign of life for two minutes is over, whatever the store still says (`as_of`): its process was killed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.errors import ConflictError, InvalidTransitionError
from shared.models.firestore.alerts import Text
from shared.models.firestore.conversation import (
    CitedSource,
    MessageDocument,
    MessageEnding,
    MessageState,
    ThinkingStep,
)
from shared.models.guidance import GuidanceAction

SILENCE = timedelta(minutes=2)
LONGEST_ANSWER = 16_000  # characters; a document holds a megabyte
OWN = "own_"

RUNNING: frozenset[MessageState] = frozenset({"queued", "streaming"})
TRANSITIONS: dict[MessageState, frozenset[MessageState]] = {
    "queued": frozenset({"streaming", "stopped", "error"}),
    "streaming": frozenset({"complete", "stopped", "error"}),
    "complete": frozenset(),
    "stopped": frozenset(),
    "error": frozenset(),
}
# A truncated or declined answer is an answer: its text says so to the person.
STATE_OF: dict[MessageEnding, MessageState] = {
    "complete": "complete",
    "truncated": "complete",
    "declined": "complete",
    "stopped": "stopped",
    "error": "error",
}
INTERRUPTED = Text(
    code="run_interrupted",
    text="The answer was interrupted on our side: what had been written of it is kept. Please ask again.",
)
FAILED = Text(code="assistant_failed", text="The assistant could not go on. Please ask again.")
NOT_STORED = Text(
    code="answer_not_stored", text="The answer could not be stored: the store does not answer. Please ask again."
)


def own_thread(user_id: object) -> str:
    """Name the thread that is a person's own in each context; the security rules know the name too."""
    return f"{OWN}{user_id}"


def may_use(thread_id: str, user_id: object) -> bool:
    """Tell whether a thread is open to a person: their own, or a named one, which all share who work on the context."""
    return not thread_id.startswith(OWN) or thread_id == own_thread(user_id)


def moved(reply: MessageDocument, state: MessageState, now: datetime) -> MessageDocument:
    """The reply in another state. Raises InvalidTransitionError for a move that there is not."""
    if state not in TRANSITIONS[reply.state]:
        raise InvalidTransitionError(
            f"A reply that is {reply.state} cannot become {state}", allowed=sorted(TRANSITIONS[reply.state])
        )
    return reply.model_copy(
        update={"state": state, "is_running": state in RUNNING, "last_sign_at": now, "updated_at": now}
    )


def places(reply: MessageDocument) -> int:
    """How many places of its stream the reply has taken: the next part stands at this one."""
    return 1 + len(reply.thinking) + len(reply.citations) + len(reply.content)


def with_step(reply: MessageDocument, step: ThinkingStep) -> MessageDocument:
    """The reply with a step that was taken."""
    placed = step.model_copy(update={"place": places(reply)})
    return reply.model_copy(update={"thinking": (*reply.thinking, placed)})


def with_citation(reply: MessageDocument, cited: CitedSource) -> MessageDocument:
    """The reply with what it rests on; a source that was cited already is not cited again."""
    if any(one.source == cited.source for one in reply.citations):
        return reply
    placed = cited.model_copy(update={"place": places(reply)})
    return reply.model_copy(update={"citations": (*reply.citations, placed)})


def with_text(reply: MessageDocument, text: str) -> MessageDocument:
    """The reply with more of its text, up to the longest that an answer may be."""
    storable = text.encode("utf-8", "replace").decode().replace("\0", "")
    return reply.model_copy(update={"content": (reply.content + storable)[:LONGEST_ANSWER]})


def is_full(reply: MessageDocument) -> bool:
    """Tell whether the answer is as long as one may be."""
    return len(reply.content) >= LONGEST_ANSWER


def with_offers(reply: MessageDocument, offered: Sequence[GuidanceAction]) -> MessageDocument:
    """The reply with what a person may do next."""
    return reply.model_copy(update={"guidance_actions": (*reply.guidance_actions, *offered)})


def ended(reply: MessageDocument, ending: MessageEnding, now: datetime, problem: Text | None = None) -> MessageDocument:
    """The reply at its end; `problem` says what went wrong, of an error only."""
    over = moved(reply, STATE_OF[ending], now)
    said = (problem or FAILED) if ending == "error" else None
    return over.model_copy(update={"ending": ending, "problem": said})


def stop_asked(reply: MessageDocument, now: datetime) -> MessageDocument | None:
    """The reply with the wish that its run stops, which the run sees at its next write; None when that is nothing new.

    A reply that is over stays as it is: who asks too late gets what there is.
    """
    if not reply.is_running or reply.stop_requested:
        return None
    return reply.model_copy(update={"stop_requested": True, "updated_at": now, "version": reply.version + 1})


def is_silent(reply: MessageDocument, now: datetime) -> bool:
    """Tell whether the run that writes the reply has not been heard of for so long that it is over."""
    return reply.is_running and (reply.last_sign_at or reply.created_at) <= now - SILENCE


def interrupted(reply: MessageDocument, now: datetime) -> MessageDocument:
    """A silent run's reply at its end: stopped when somebody had asked for that, else an error that says so."""
    over = ended(reply, "stopped" if reply.stop_requested else "error", now, INTERRUPTED)
    return over.model_copy(update={"version": reply.version + 1})


def as_of(reply: MessageDocument, now: datetime) -> MessageDocument:
    """The message as it is at `now`: a silent run is over, whether or not the sweep has come by."""
    return interrupted(reply, now) if is_silent(reply, now) else reply


def make_way(reply: MessageDocument, now: datetime) -> MessageDocument:
    """The thread's newest reply, over, so that another may begin. Raises ConflictError (`run_active`) while it runs."""
    if reply.is_running and not is_silent(reply, now):
        raise ConflictError(
            "The assistant is still answering in this thread: wait for it, or stop it",
            code="run_active",
            current={"messageId": reply.id, "status": reply.state},
        )
    return as_of(reply, now)
