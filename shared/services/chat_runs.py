"""Runs: an assistant writing a reply, owned by the process that began it and by nobody who reads it.

A run is a thread. It takes the assistant's parts, shows them at once to who listens in this process, and writes the
message to the store at most every quarter of a second, at its end always. Each write also reads whether a stop was
asked for, so a stop reaches the run from any instance. A store that is away for a while costs the writes in between,
nothing else; a process that is killed leaves what was written last, which `shared.domain.chat.as_of` ends.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from shared import log_line
from shared.assistant.protocol import AnswerPart, Citation, Ending, Offers, Step, Text
from shared.domain import chat as rules
from shared.errors import NotFoundError, StoreUnavailableError
from shared.models.firestore.conversation import CitedSource, MessageDocument, MessageEnding, ThinkingStep
from shared.repositories.changes import Change
from shared.repositories.document_protocols import MessageRepository
from shared.services.clock import Clock, utc_now

Answering = Callable[[Callable[[], bool]], Iterator[AnswerPart]]


@dataclass(frozen=True, slots=True)
class Pace:
    """In seconds: between two writes, after a write that failed, between two looks for a stop while nothing is written.

    `persistence` is how long the last write is tried, `poll` how often another instance's run is looked at.
    """

    write: float = 0.25
    failed: float = 5.0
    look: float = 1.0
    persistence: float = 60.0
    poll: float = 0.3


class ChatRun:
    """One reply being written. `reply` is what there is of it; `over` is set when its end is stored."""

    def __init__(
        self,
        reply: MessageDocument,
        answering: Answering,
        messages: MessageRepository,
        pace: Pace,
        *,
        request_id: str,
        now: Clock = utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the queued reply, and what says the answer in parts when it is told how to ask whether to stop."""
        self.reply = reply
        self.over = threading.Event()
        self._answering = answering
        self._messages = messages
        self._pace = pace
        self._request_id = request_id
        self._now = now
        self._clock = clock
        self._watchers: set[Callable[[], None]] = set()
        self._lock = threading.Lock()
        self._stop = False
        self._ended_by_others: MessageDocument | None = None
        self._write_at = self._look_at = clock() + pace.write

    def carry_out(self) -> None:
        """Write the reply from its first part to its end."""
        try:
            ending = self._written()
            self.reply = self._ended_by_others or self._kept(ending)
        except Exception as failure:  # noqa: BLE001 (the thread's end: nobody else would say so)
            log_line.failure(failure, self._request_id)
            self.reply = rules.ended(self.reply, "error", self._now(), rules.NOT_STORED)
        finally:
            self.over.set()
            self._tell()

    def stop(self) -> None:
        """Let the run end at the next part."""
        self._stop = True

    def watch(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake`, from the run's thread, whenever `reply` has changed; call the result to end that."""
        with self._lock:
            self._watchers.add(wake)
        return lambda: self._watchers.discard(wake)

    def stopped(self) -> bool:
        """Tell whether the run is to end; while nothing was written for a second, the store is asked."""
        if not self._stop and self._clock() >= self._look_at:
            self._look_at = self._clock() + self._pace.look  # also when the store does not answer
            with suppress(StoreUnavailableError):
                self._take_note(self._messages.get(UUID(self.reply.client_id), self.reply.id))
        return self._stop

    def _written(self) -> MessageEnding:
        self._grow(rules.moved(self.reply, "streaming", self._now()))
        parts: Iterator[AnswerPart] | None = None
        try:
            parts = self._answering(self.stopped)
            for part in parts:
                if isinstance(part, Ending):
                    return part.reason
                self._grow(_with(self.reply, part))
                if self.stopped():
                    return "stopped"
                if rules.is_full(self.reply):
                    return "truncated"
        except Exception as failure:  # noqa: BLE001 (whatever the assistant could not do, the reply says that it is over)
            log_line.failure(failure, self._request_id)
        finally:
            if parts is not None and hasattr(parts, "close"):
                parts.close()
        return "error"

    def _grow(self, reply: MessageDocument) -> None:
        self.reply = reply
        self._tell()
        if self._clock() < self._write_at:
            return
        try:
            self._store(self.reply)
            self._write_at = self._clock() + self._pace.write
        except StoreUnavailableError:
            self._write_at = self._clock() + self._pace.failed

    def _store(self, reply: MessageDocument) -> MessageDocument:
        """Write what there is, unless somebody has ended the reply; what stands in the store then."""
        now = self._now()

        def decide(found: MessageDocument) -> Change[MessageDocument] | None:
            if not found.is_running:
                return None
            theirs = {"stop_requested": found.stop_requested}
            signed = {"version": found.version + 1, "last_sign_at": now, "updated_at": now}
            return Change(reply.model_copy(update=theirs | signed), None)

        stored = self._messages.change(UUID(reply.client_id), reply.id, decide)
        if reply.is_running:
            self._take_note(stored)
        return stored

    def _take_note(self, stored: MessageDocument | None) -> None:
        """See in the store whether to stop: because somebody asked for that, or has ended the reply already."""
        self._look_at = self._clock() + self._pace.look
        if stored is None or not stored.is_running:
            self._ended_by_others = stored or rules.ended(self.reply, "stopped", self._now())
        self._stop = self._stop or self._ended_by_others is not None or bool(stored and stored.stop_requested)

    def _kept(self, ending: MessageEnding) -> MessageDocument:
        """Write the end, again while the store is away; the reply as it is stored."""
        last = rules.ended(self.reply, ending, self._now())
        give_up, pause = self._clock() + self._pace.persistence, 0.1
        while True:
            try:
                return self._store(last)
            except NotFoundError:
                return last
            except StoreUnavailableError:
                if self._clock() >= give_up:
                    return rules.ended(self.reply, "error", self._now(), rules.NOT_STORED)
            self.over.wait(pause)  # nothing sets it before the end: a pause
            pause = min(pause * 2, self._pace.failed)

    def _tell(self) -> None:
        with self._lock:
            watchers = list(self._watchers)
        for wake in watchers:
            wake()


class RunBoard:
    """The runs of this process, by the id of the reply that they write."""

    def __init__(self) -> None:
        self._runs: dict[str, ChatRun] = {}

    def start(self, run: ChatRun) -> ChatRun:
        """Carry a run out in a thread of its own."""
        reply_id = run.reply.id

        def carry_out() -> None:
            try:
                run.carry_out()
            finally:
                self._runs.pop(reply_id, None)

        self._runs[reply_id] = run
        threading.Thread(target=carry_out, name=f"chat-run-{reply_id}", daemon=True).start()
        return run

    def of(self, reply_id: str) -> ChatRun | None:
        """Return the run that writes a reply here; None when it is over or elsewhere."""
        return self._runs.get(reply_id)


class Following:
    """A reply as it grows: from the run in this process, else from the store, where another instance writes it."""

    def __init__(
        self, reply: MessageDocument, run: ChatRun | None, read: Callable[[], MessageDocument], *, poll: float
    ) -> None:
        self.reply = reply
        self._run = run
        self._read = read
        self._poll = poll

    def snapshots(self) -> AsyncGenerator[MessageDocument, None]:
        """The reply now and whenever it has changed, until it is over."""
        return self._polled() if self._run is None else self._watched(self._run)

    async def _watched(self, run: ChatRun) -> AsyncGenerator[MessageDocument, None]:
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop has ended with its server
                loop.call_soon_threadsafe(changed.set)

        forget = run.watch(wake)
        try:
            while True:
                changed.clear()
                reply = run.reply
                yield reply
                if not reply.is_running:
                    return
                await changed.wait()
        finally:
            forget()

    async def _polled(self) -> AsyncGenerator[MessageDocument, None]:
        reply = self.reply
        yield reply
        while reply.is_running:
            await asyncio.sleep(self._poll)
            with suppress(StoreUnavailableError):
                found = await asyncio.to_thread(self._read)
                if found != reply:
                    reply = found
                    yield reply


def _with(reply: MessageDocument, part: AnswerPart) -> MessageDocument:
    """The reply with one more part of the answer."""
    if isinstance(part, Text):
        return rules.with_text(reply, part.delta)
    if isinstance(part, Step):
        step = ThinkingStep(
            tool=part.tool,
            text=part.text,
            sources=part.sources,
            milliseconds=part.milliseconds,
            error=part.error,
        )
        return rules.with_step(reply, step)
    if isinstance(part, Citation):
        return rules.with_citation(reply, CitedSource(source=part.source, title=part.title))
    return rules.with_offers(reply, part.actions) if isinstance(part, Offers) else reply
