"""The chat component: threads of a context, questions, and the runs that answer them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.assistant.protocol import AnswerPart, Assistant, Question
from shared.auth.permissions import allows_mode
from shared.db.selector import DatabaseSelector
from shared.domain import chat as rules
from shared.errors import ConflictError, ForbiddenError, NotFoundError
from shared.models.api.chat import (
    ExchangeView,
    MessageList,
    MessageQuery,
    MessageView,
    NewMessage,
    StepView,
    StreamedMessage,
    ThinkingView,
)
from shared.models.audit import AuditEvent
from shared.models.caller import Caller
from shared.models.cursor import encode_cursor
from shared.models.firestore.conversation import MessageDocument, Rating, ThreadDocument
from shared.models.firestore.documents import ContextDocument
from shared.models.identifiers import derived_document_id, document_id
from shared.models.replay import KEPT_SECONDS, IdempotencyMismatchError
from shared.models.users import AssistantPreferences
from shared.repositories.changes import Change, KeptAnswer, Position
from shared.repositories.document_protocols import MessageRepository
from shared.services.access_log import AccessLog
from shared.services.chat_questions import question_of
from shared.services.chat_runs import Answering, ChatRun, Following, Pace, RunBoard
from shared.services.clock import Clock, utc_now
from shared.services.component import ComponentService
from shared.services.positions import position_of

RATINGS_STEP = 100
KEPT_FOR = timedelta(seconds=KEPT_SECONDS)
ANSWER_SECONDS = 11.0  # of the gateway's 15; what is not answered by then goes on, and says that it does
REMEMBERED = 12  # messages of the thread that the assistant is given


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question as it is stored, its reply, and the run that writes it when that is in this process."""

    question: MessageDocument
    reply: MessageDocument
    run: ChatRun | None


class ChatService(ComponentService):
    """The chat component. The assistant and people's preferences are asked for when a question is answered."""

    def __init__(
        self,
        db_selector: DatabaseSelector,
        access_log: AccessLog,
        board: RunBoard,
        assistant: Callable[[AssistantPreferences], Assistant],
        preferences: Callable[[Caller], AssistantPreferences],
        *,
        pace: Pace | None = None,
        now: Clock = utc_now,
    ) -> None:
        super().__init__(db_selector)
        self._access_log = access_log
        self._board = board
        self._assistant = assistant
        self._preferences = preferences
        self._pace = pace or Pace()
        self._now = now

    def get_component_data(
        self, component_type: str, context_id: str | None, mode: str | None = None, *, caller: Caller
    ) -> MessageList:
        """Return the newest messages of the caller's own thread. Raises NotFoundError for another component."""
        if component_type != "chat":
            raise NotFoundError(f"ChatService has no component {component_type}")
        return self.get_messages(caller, MessageQuery(context_id=self.context_of(caller, context_id, mode).id))

    def get_messages(self, caller: Caller, query: MessageQuery) -> MessageList:
        """List a thread, newest first. Raises NotFoundError for a thread that is somebody else's own."""
        context = self.context_of(caller, query.context_id)
        thread_id = _thread(caller, query.thread_id)
        filters = (caller.client_id, context.id, thread_id)
        before = position_of(query.cursor, filters)
        event = caller.seen(
            "message_list",
            resource_ref=context.id,
            patient_ref=context.patient_uuid,
            mode=context.mode,
            same=thread_id,
        )
        with self._access_log.reading(event):
            found = self._messages.of_thread(
                caller.client_id, context.id, thread_id, before=before, limit=query.limit + 1
            )
            rated = self._ratings(caller, context.id) if any(one.type == "system" for one in found) else {}
        shown, now = found[: query.limit], self._now()
        more = len(found) > query.limit
        return MessageList(
            context_id=context.id,
            thread_id=thread_id,
            messages=tuple(MessageView.of(rules.as_of(one, now), rated.get(one.id)) for one in shown),
            next_cursor=encode_cursor(filters, shown[-1].sort_at.isoformat(), shown[-1].id) if more else None,
        )

    def _ratings(self, caller: Caller, context_id: str) -> dict[str, Rating | None]:
        """How the caller has rated the messages of a context."""
        rated: dict[str, Rating | None] = {}
        after: str | None = None
        while True:
            page = self.db.firestore.feedback.of_person(
                caller.client_id, context_id, str(caller.user_id), after=after, limit=RATINGS_STEP
            )
            rated |= {one.message_id: one.rating for one in page}
            if len(page) < RATINGS_STEP:
                return rated
            after = page[-1].id

    def send(self, caller: Caller, new: NewMessage) -> ExchangeView:
        """Ask, and wait for the answer for as long as a request may take; after that it goes on by itself."""
        until = time.monotonic() + ANSWER_SECONDS
        exchange = self._begin(caller, new)
        reply = self._awaited(caller, exchange, until)
        return ExchangeView(message=MessageView.of(exchange.question), reply=MessageView.of(reply))

    def stream(self, caller: Caller, body: StreamedMessage) -> Following:
        """Ask, and follow the answer; a repeated Idempotency-Key follows the answer that there is."""
        exchange = self._begin(caller, question_of(body))
        return self._following(caller, exchange.reply, exchange.run)

    def resume(self, caller: Caller, message_id: str) -> Following:
        """Follow a reply that was begun before, here or on another instance. Raises NotFoundError."""
        reply = self._seen(caller, message_id)
        if reply.type != "system":
            raise NotFoundError("There is no such record")
        return self._following(caller, reply, self._board.of(reply.id))

    def thinking(self, caller: Caller, message_id: str) -> ThinkingView:
        """Return the steps that the assistant took for a reply; a person's message has none. Raises NotFoundError."""
        message = self._seen(caller, message_id)
        steps = tuple(StepView.model_validate(step, from_attributes=True) for step in message.thinking)
        return ThinkingView(message_id=message.id, status=message.state, thinking=steps)

    def stop(self, caller: Caller, message_id: str) -> MessageView:
        """Ask the run that writes a reply to stop, wherever it is; a message that is over stays as it is."""
        key = caller.idempotency
        self.db.firestore.kept_answers.recall(key)

        def decide(found: MessageDocument) -> Change[MessageDocument]:
            now = self._now()
            message = rules.as_of(_open_to(caller, found), now)
            stopping = rules.stop_asked(message, now) or message
            body = MessageView.of(stopping).model_dump_json(by_alias=True)
            event = self._event(caller, stopping, {"running": stopping.is_running})
            return Change(stopping, event, KeptAnswer(key, 200, body) if key else None)

        stopped = self._messages.change(caller.client_id, message_id, decide)
        run = self._board.of(message_id)
        if run is not None:
            run.stop()
        return MessageView.of(stopped)

    @property
    def _messages(self) -> MessageRepository:
        return self.db.firestore.messages

    def _begin(self, caller: Caller, new: NewMessage) -> Exchange:
        """Store the question and begin its run; find both when the caller's Idempotency-Key was used for it."""
        context = self.context_of(caller, new.context_id)
        thread_id = _thread(caller, new.thread_id)
        now, key = self._now(), caller.idempotency
        message_id = document_id("msg") if key is None else derived_document_id("msg", key.id)
        while True:
            thread, question, reply = _exchange(caller, context, new.content, message_id, thread_id, now)
            event = self._event(
                caller, question, {"replyId": reply.id, "own": thread_id == rules.own_thread(caller.user_id)}
            )
            asked = self._messages.begin(thread, question, reply, event, lambda newest: rules.make_way(newest, now))
            if asked is None:
                return Exchange(question, reply, self._run(caller, context, question, reply))
            if key is None or asked.request is None:
                raise ConflictError("This id is taken")
            if asked.created_at + KEPT_FOR > now:
                if asked.request != key.request:
                    raise IdempotencyMismatchError("This Idempotency-Key was used for another request")
                reply_id = _reply_id(asked.id)
                return Exchange(asked, self._stored(caller, reply_id), self._board.of(reply_id))
            # The key is free again after its day, its message is still there: the next id follows from that one's.
            message_id = derived_document_id("msg", key.id, asked.id)

    def _run(
        self, caller: Caller, context: ContextDocument, question: MessageDocument, reply: MessageDocument
    ) -> ChatRun:
        answering = self._answering(replace(caller, idempotency=None, if_match=None), context, question)
        return self._board.start(
            ChatRun(reply, answering, self._messages, self._pace, request_id=caller.request_id, now=self._now)
        )

    def _answering(self, caller: Caller, context: ContextDocument, question: MessageDocument) -> Answering:
        """What answers the question, in the run's own thread: reading what the assistant is given is part of it."""

        def answer(stopped: Callable[[], bool]) -> Iterator[AnswerPart]:
            before = Position(question.sort_at, question.id)
            with ThreadPoolExecutor(1) as beside:  # two stores, asked at once
                preferring = beside.submit(self._preferences, caller)
                history = self._messages.of_thread(
                    caller.client_id, context.id, question.thread_id, before=before, limit=REMEMBERED
                )
                preferences = preferring.result()
            asked = Question(
                caller=caller,
                context=context,
                content=question.content,
                history=tuple(reversed(history)),
                assistant_mode=preferences.mode,
                now=question.created_at,
            )
            return self._assistant(preferences).answer(asked, stopped=stopped)

        return answer

    def _following(self, caller: Caller, reply: MessageDocument, run: ChatRun | None) -> Following:
        return Following(reply, run, lambda: self._stored(caller, reply.id), poll=self._pace.poll)

    def _awaited(self, caller: Caller, exchange: Exchange, until: float) -> MessageDocument:
        """The reply when it is over, or as far as it is when the time is."""
        if exchange.run is not None:
            exchange.run.over.wait(max(0.0, until - time.monotonic()))
            return exchange.run.reply
        reply = exchange.reply
        while reply.is_running and time.monotonic() < until:
            time.sleep(self._pace.poll)
            reply = self._stored(caller, reply.id)
        return reply

    def _stored(self, caller: Caller, message_id: str) -> MessageDocument:
        """The message as it is now. Raises NotFoundError for what is none, or not open to the caller."""
        found = self._messages.get(caller.client_id, message_id)
        if found is None:
            raise NotFoundError("There is no such record")
        return rules.as_of(_open_to(caller, found), self._now())

    def _seen(self, caller: Caller, message_id: str) -> MessageDocument:
        """The message, and the read recorded."""
        message = self._stored(caller, message_id)
        event = caller.seen("message", resource_ref=message.id, patient_ref=message.patient_uuid, mode=message.mode)
        with self._access_log.reading(event):
            return message

    def _event(self, caller: Caller, message: MessageDocument, metadata: dict[str, object]) -> AuditEvent:
        return caller.changed(
            "message",
            resource_ref=message.id,
            patient_ref=message.patient_uuid,
            mode=message.mode,
            metadata=metadata,
        )


def _thread(caller: Caller, wanted: str | None) -> str:
    """The thread asked for; the caller's own by default. Raises NotFoundError for somebody else's own."""
    if wanted is None:
        return rules.own_thread(caller.user_id)
    if not rules.may_use(wanted, caller.user_id):
        raise NotFoundError("There is no such record")
    return wanted


def _open_to(caller: Caller, message: MessageDocument) -> MessageDocument:
    """The message, when the caller may use its thread. Raises NotFoundError, ForbiddenError for the mode."""
    if not rules.may_use(message.thread_id, caller.user_id):
        raise NotFoundError("There is no such record")
    if not allows_mode(caller.role, message.mode):
        raise ForbiddenError("Your role does not work in this message's mode")
    return message


def _reply_id(message_id: str) -> str:
    return derived_document_id("msg", message_id, "reply")


def _exchange(
    caller: Caller, context: ContextDocument, content: str, message_id: str, thread_id: str, now: datetime
) -> tuple[ThreadDocument, MessageDocument, MessageDocument]:
    """The thread, the question and its queued reply as they are stored; the reply is always the later one."""
    client_id = str(caller.client_id)
    question = MessageDocument(
        id=message_id,
        client_id=client_id,
        created_at=now,
        updated_at=now,
        context_id=context.id,
        mode=context.mode,
        patient_uuid=context.patient_uuid,
        thread_id=thread_id,
        user_id=str(caller.user_id),
        type="user",
        content=content,
        request=caller.idempotency.request if caller.idempotency else None,
        sort_at=now,
    )
    waiting = {"id": _reply_id(message_id), "type": "system", "content": "", "state": "queued", "is_running": True}
    waiting |= {"in_reply_to": message_id, "last_sign_at": now, "request": None}
    reply = question.model_copy(update=waiting | {"sort_at": now + timedelta(microseconds=1)})
    thread = ThreadDocument(
        id=derived_document_id("thread", client_id, context.id, thread_id),
        client_id=client_id,
        created_at=now,
        updated_at=now,
        context_id=context.id,
        mode=context.mode,
        thread_id=thread_id,
        reply_id=reply.id,
    )
    return thread, question, reply
